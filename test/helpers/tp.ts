// `kubectl tp` as people run it: a process of its own, as one of the lab's users, with a home folder of their own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { User } from '../../lab/users.ts';
import type { LabCluster } from './lab.ts';
import { type Ended, runToEnd } from './processes.ts';

const COMMAND_TIMEOUT_MS = 120_000;

export type Person = {
  readonly env: NodeJS.ProcessEnv;
  /** Runs `kubectl tp ARGS` to its end, whatever the exit code. */
  tp(...args: string[]): Promise<Ended>;
  /** The same, but a failure throws with what it printed; gives standard output. */
  tpOk(...args: string[]): Promise<string>;
  /** Ends the person's session process and removes the home folder. */
  leave(): Promise<void>;
};

export type PersonOptions = {
  /** Stands before each command: what leads to the person's laptop. */
  readonly enter?: readonly string[];
  /** Of one command. */
  readonly timeoutMs?: number;
};

/** A person with an empty home folder, so that several people (and laptops of one) can share this machine. */
export async function createPerson(
  cluster: LabCluster,
  user: User,
  { enter = [], timeoutMs = COMMAND_TIMEOUT_MS }: PersonOptions = {},
): Promise<Person> {
  const home = await mkdtemp(join(tmpdir(), `tp-${user}-`));
  const env = { ...(await cluster.env(user)), HOME: home, XDG_RUNTIME_DIR: home };
  const tp: Person['tp'] = (...args) => runToEnd([...enter, 'kubectl-tp', ...args], { env, timeoutMs });
  return {
    env,
    tp,
    async tpOk(...args) {
      const { code, stdout, stderr } = await tp(...args);
      if (code !== 0) throw new Error(`kubectl tp ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
      return stdout;
    },
    async leave() {
      await tp('quit');
      await rm(home, { recursive: true, force: true });
    },
  };
}
