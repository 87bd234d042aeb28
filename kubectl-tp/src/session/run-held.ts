// Runs a command while an intercept lives, with the environment of the pod.

import type { Tools } from '../command.ts';
import type { InterceptRequest, InterceptResult } from './api.ts';
import type { SessionCaller } from './caller.ts';
import { startCommand } from './child-command.ts';
import { runWhileHeld } from './run-while-held.ts';

export type InterceptRun = {
  readonly session: SessionCaller;
  readonly request: InterceptRequest;
  readonly command: readonly string[];
  readonly tools: Tools;
  readonly onStart: (result: InterceptResult) => Promise<void>;
};

/** Resolves with the command's exit code; throws INTERCEPT_ENDED once the command has ended because of it. */
export function runHeld({ session, request, command, tools, onStart }: InterceptRun): Promise<number> {
  return runWhileHeld({
    session,
    verb: 'intercept',
    request,
    // The command listens on its port by then.
    again: () => ({ ...request, portMayBeOpen: true }),
    tools,
    async start(result) {
      await onStart(result);
      return startCommand(command, commandEnvironment(tools.env, result), tools);
    },
  });
}

/** The person's own PATH and HOME stay: the pod's would lead nowhere on a laptop. */
function commandEnvironment({ PATH, HOME, ...own }: NodeJS.ProcessEnv, { environment }: InterceptResult) {
  return {
    ...own,
    ...environment?.variables,
    ...(PATH === undefined ? {} : { PATH }),
    ...(HOME === undefined ? {} : { HOME }),
  };
}
