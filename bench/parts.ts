// The processes of a benchmark: parts, which stay and talk to it by messages, and programs that run to their end.

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { collectOutput } from '../test/helpers/processes.ts';

export type Part<Ready> = {
  /** What it has sent first. */
  readonly ready: Ready;
  /** Resolves with the next message. */
  ask<Answer>(question: string): Promise<Answer>;
  end(): void;
};

export type PartOptions = {
  readonly parameters?: readonly string[];
  /** Sent to it as soon as it runs. */
  readonly message?: object;
};

export async function startPart<Ready>(
  program: URL,
  { parameters = [], message }: PartOptions = {},
): Promise<Part<Ready>> {
  const child = fork(fileURLToPath(program), parameters);
  if (message !== undefined) child.send(message);
  const [ready] = await once(child, 'message');
  return {
    ready,
    async ask(question) {
      child.send(question);
      const [answer] = await once(child, 'message');
      return answer;
    },
    end: () => void child.kill(),
  };
}

/** Its standard output; throws when it fails. */
export async function run([program = '', ...parameters]: readonly string[]): Promise<string> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { code, stdout } = await collectOutput(child).ended;
  if (code !== 0) throw new Error(`${parameters[0]} ended with ${code}`);
  return stdout;
}
