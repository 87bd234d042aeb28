// Runs a command with the environment of a pod, while an intercept or an ingest lives.

import type { Tools } from '../command.ts';
import type { SessionApi } from './api.ts';
import type { SessionCaller } from './caller.ts';
import { startCommand } from './child-command.ts';
import { runWhileHeld } from './run-while-held.ts';

export type HeldVerb = 'intercept' | 'replace' | 'ingest';

export type HeldCommand<V extends HeldVerb> = {
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

/** Resolves with the command's exit code; throws INTERCEPT_ENDED once the command has ended because of it. */
export function runHeld<V extends HeldVerb>(held: HeldCommand<V>): Promise<number> {
  const { requestAgain, command, tools, onStart } = held;
  return runWhileHeld({
    ...held,
    again: () => requestAgain,
    async start(result) {
      return startCommand(command, { ...tools.env, ...(await onStart(result)) }, tools);
    },
  });
}
