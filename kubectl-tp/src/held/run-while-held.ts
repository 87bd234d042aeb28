// Runs a command while a call to the session process lasts: the effect of the call ends with the command, and the command
// with an effect that ends elsewhere; a session process that dies meanwhile is replaced and the call made again.

import { setTimeout as delay } from 'node:timers/promises';
import type { SessionCaller } from '../caller/caller.ts';
import type { HeldCall } from '../caller/exchange.ts';
import type { Tools } from '../command.ts';
import { TpError } from '../errors.ts';
import type { SessionApi, Verb } from '../ipc/api.ts';
import type { ChildCommand } from './child-command.ts';

export type HeldRun<V extends Verb> = {
  readonly session: SessionCaller;
  readonly verb: V;
  readonly request: SessionApi[V]['arguments'];
  /** What is asked for when the command runs already. */
  readonly again: (result: SessionApi[V]['result']) => SessionApi[V]['arguments'];
  /** Ends what a session process that is gone has left of the effect; undefined if nothing can be left. */
  readonly leave?: (session: SessionCaller, result: SessionApi[V]['result']) => Promise<unknown>;
  readonly tools: Tools;
  readonly start: (result: SessionApi[V]['result']) => Promise<ChildCommand>;
};

const RETRY_MS = 2000;

/** Resolves with the command's exit code; throws the reason why the effect ended, once the command has ended because of it. */
export async function runWhileHeld<V extends Verb>(run: HeldRun<V>): Promise<number> {
  const { session, verb, request, tools, start } = run;
  const held = await session.hold(verb, request, { signal: tools.signal, onProgress: tools.progress.step });
  let current: HeldCall<V> | undefined = held;
  let isEnded = false;
  try {
    const child = await start(held.result);
    const childOver = child.exited.then(
      () => 'command' as const,
      () => 'command' as const,
    );
    const isOver = new AbortController();
    void childOver.then(() => isOver.abort());
    for (;;) {
      const over = await Promise.race([childOver, overOrLater(current, isOver.signal)]);
      if (over === 'command') return await child.exited;
      if (over instanceof TpError) {
        isEnded = true;
        tools.progress.warn(`${over.message} Ending the command.`);
        child.kill('SIGTERM');
        await childOver;
        throw over;
      }
      tools.progress.warn('the session process has ended; starting it again');
      current = await takeUpAgain(run, held.result, isOver.signal);
    }
  } finally {
    // The process may have gone before it was done, or the cluster may not have answered it.
    const isLeft = await current?.end();
    if (!isLeft && !isEnded) await leaveUnheld(run, held.result);
  }
}

/** Why the effect is over; undefined when it has to be taken up again. */
function overOrLater<V extends Verb>(held: HeldCall<V> | undefined, signal: AbortSignal): Promise<TpError | undefined> {
  return held?.over ?? delay(RETRY_MS, undefined, { signal });
}

/** Undefined when it fails: the command runs on and another attempt is made. Or when the command is over: `signal`. */
async function takeUpAgain<V extends Verb>(
  { tools, verb, again }: HeldRun<V>,
  result: SessionApi[V]['result'],
  signal: AbortSignal,
): Promise<HeldCall<V> | undefined> {
  try {
    const session = await tools.session();
    return await session.hold(verb, again(result), { signal, onProgress: tools.progress.step, again: true });
  } catch (error) {
    if (!signal.aborted) tools.progress.warn(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function leaveUnheld<V extends Verb>(
  { tools, leave }: HeldRun<V>,
  result: SessionApi[V]['result'],
): Promise<void> {
  if (leave === undefined) return;
  try {
    await leave(await tools.session(), result);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tools.progress.warn(`what the command had may still be there, see kubectl tp status: ${why}`);
  }
}
