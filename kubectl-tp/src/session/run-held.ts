// Runs a command while an intercept or an ingest lives: environment of the pod, terminal of the person, signals passed
// on. It ends with the command, and the command with an intercept that ends elsewhere; a session process that dies
// meanwhile is replaced and what it held is taken up again.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Tools } from '../command.ts';
import { TpError } from '../errors.ts';
import type { SessionApi } from './api.ts';
import type { HeldCall, SessionCaller } from './caller.ts';

export type HeldVerb = 'intercept' | 'replace' | 'ingest';

export type HeldRun<V extends HeldVerb> = {
  readonly verb: V;
  readonly session: SessionCaller;
  readonly request: SessionApi[V]['arguments'];
  /** What to ask a new session process for while the command runs. */
  readonly requestAgain: SessionApi[V]['arguments'];
  readonly command: readonly string[];
  readonly tools: Tools;
  /** Resolves with the variables that the command gets on top of the person's own. */
  readonly onStart: (result: SessionApi[V]['result']) => Promise<Readonly<Record<string, string>>>;
};

const RETRY_MS = 2000;

/** Resolves with the command's exit code; throws INTERCEPT_ENDED once the command has ended because of it. */
export async function runHeld<V extends HeldVerb>(run: HeldRun<V>): Promise<number> {
  const { session, verb, request, tools, onStart } = run;
  const held = await session.hold(verb, request, { signal: tools.signal, onProgress: tools.progress.step });
  let current: HeldCall<V> | undefined = held;
  try {
    const child = startChild(run.command, tools, await onStart(held.result));
    const exited = exitCode(child);
    const childOver = exited.then(
      () => 'command' as const,
      () => 'command' as const,
    );
    for (;;) {
      const over = await Promise.race([childOver, overOrLater(current)]);
      if (over === 'command') return await exited;
      if (over instanceof TpError) {
        tools.progress.warn(`${over.message} Ending the command.`);
        child.kill('SIGTERM');
        await childOver;
        throw over;
      }
      tools.progress.warn('the session process has ended; starting it again');
      current = await takeUpAgain(run);
    }
  } finally {
    await current?.end();
  }
}

/** Why it is over; undefined when it has to be taken up again. */
function overOrLater(held: HeldCall<HeldVerb> | undefined): Promise<TpError | undefined> {
  return held?.over ?? delay(RETRY_MS, undefined);
}

/** Undefined when it fails: the command runs on and another attempt is made. */
async function takeUpAgain<V extends HeldVerb>({
  tools,
  verb,
  requestAgain,
}: HeldRun<V>): Promise<HeldCall<V> | undefined> {
  try {
    const session = await tools.session();
    return await session.hold(verb, requestAgain, { onProgress: tools.progress.step });
  } catch (error) {
    tools.progress.warn(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function startChild(
  command: readonly string[],
  tools: Tools,
  variables: Readonly<Record<string, string>>,
): ChildProcess {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit', env: { ...tools.env, ...variables } });
  passSignals(child, tools.signal);
  return child;
}

/** A terminal sends Ctrl-C to the command by itself; a signal to us alone is passed on, the first and later ones. */
function passSignals(child: ChildProcess, signal: AbortSignal): void {
  const pass = (name: NodeJS.Signals) => void (process.stdin.isTTY && name === 'SIGINT' ? undefined : child.kill(name));
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, pass);
  child.once('close', () => {
    for (const name of names) process.off(name, pass);
  });
  if (signal.aborted) child.kill('SIGTERM');
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const message = `${child.spawnfile} can't be started: ${cause.message}`;
      reject(new TpError('COMMAND_NOT_STARTED', message, { hint: 'Check the command after --.', cause }));
    });
    // As shells tell it: 128 plus the number of the signal.
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
