// Runs a command while an intercept lives: environment of the pod, terminal of the person, signals passed on. The
// intercept ends with the command, and the command with an intercept that ends elsewhere; a session process that dies
// meanwhile is replaced and the intercept taken up again.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Tools } from '../command.ts';
import { TpError } from '../errors.ts';
import type { InterceptRequest, InterceptResult } from './api.ts';
import type { HeldCall, SessionCaller } from './caller.ts';

export type HeldRun = {
  readonly session: SessionCaller;
  readonly request: InterceptRequest;
  readonly command: readonly string[];
  readonly tools: Tools;
  readonly onStart: (result: InterceptResult) => Promise<void>;
};

const RETRY_MS = 2000;

/** Resolves with the command's exit code; throws INTERCEPT_ENDED once the command has ended because of it. */
export async function runHeld(run: HeldRun): Promise<number> {
  const { session, request, tools, onStart } = run;
  const held = await session.hold('intercept', request, { signal: tools.signal, onProgress: tools.progress.step });
  let current: HeldCall<'intercept'> | undefined = held;
  try {
    await onStart(held.result);
    const child = startChild(run, held.result);
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

/** Why the intercept is over; undefined when it has to be taken up again. */
function overOrLater(held: HeldCall<'intercept'> | undefined): Promise<TpError | undefined> {
  return held?.over ?? delay(RETRY_MS, undefined);
}

/** Undefined when it fails: the command runs on and another attempt is made. It listens on its port by now. */
async function takeUpAgain({ tools, request }: HeldRun): Promise<HeldCall<'intercept'> | undefined> {
  try {
    const session = await tools.session();
    return await session.hold('intercept', { ...request, portMayBeOpen: true }, { onProgress: tools.progress.step });
  } catch (error) {
    tools.progress.warn(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function startChild({ command, tools }: HeldRun, { environment }: InterceptResult): ChildProcess {
  const [program = '', ...args] = command;
  // The person's own PATH and HOME stay: the pod's would lead nowhere on a laptop.
  const { PATH, HOME, ...own } = tools.env;
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: {
      ...own,
      ...environment?.variables,
      ...(PATH === undefined ? {} : { PATH }),
      ...(HOME === undefined ? {} : { HOME }),
    },
  });
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
