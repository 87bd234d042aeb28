// kubectl tp quit: ends the session process, its intercepts and its Session object.

import { defineCommand, type Tools } from '../command.ts';
import { TpError } from '../errors.ts';
import type { QuitResult } from '../ipc/intercept-messages.ts';
import { allSessionFiles } from '../ipc/paths.ts';
import { DEFAULT_HELPER_COMMAND } from './connect.ts';

export const quit = defineCommand({
  name: 'quit',
  summary: 'End all your intercepts and the session; nothing is left on laptop or in the cluster',
  options: {
    all: { type: 'boolean', describe: 'of all clusters, also of those that are gone with their kubeconfigs' },
    'helper-command': {
      type: 'string',
      describe: `what makes the helper root that puts the laptop in order after one that was killed [${DEFAULT_HELPER_COMMAND}]`,
      value: 'COMMAND',
    },
    s: { type: 'boolean', describe: 'accepted for habit', hidden: true },
  },
  examples: [
    ['kubectl tp quit', 'end the session of the current context'],
    ['kubectl tp quit --all', 'end every session, whatever your kubeconfig names now'],
  ],
  async run(tools, args) {
    const results = await (args.all ? quitEvery(tools) : quitOne(tools));
    await repairLaptop(tools, args['helper-command']);
    for (const { unreachable } of results) {
      if (unreachable !== undefined) tools.progress.warn(`${unreachable} ${WHAT_STAYS}`);
    }
    const left = results.flatMap((result) => result.left);
    const untold = results.flatMap(({ unreachable }) => unreachable ?? []);
    tools.printer.result({ left, ...(untold.length > 0 && { unreachable: untold }) }, () => describe(results));
    return undefined;
  },
});

const WHAT_STAYS =
  'What it has of the session it ends by itself, an hour after the laptop left or as its administrator has set it.';

async function quitOne({ existingSession, env, progress, signal }: Tools): Promise<QuitResult[]> {
  // A session whose process was killed is taken up again to end it properly.
  const running = await existingSession({ resume: true }).catch((error) => {
    throw error instanceof TpError && allSessionFiles(env).length > 0 ? withOthers(error) : error;
  });
  if (running === undefined) return [];
  return [await running.call('quit', {}, { signal, onProgress: progress.step })];
}

function withOthers({ code, message }: TpError): TpError {
  return new TpError(code, message, {
    hint: 'On this laptop sessions run. To end them, whatever their cluster: kubectl tp quit --all',
  });
}

async function quitEvery({ env, progress, signal }: Tools): Promise<QuitResult[]> {
  const { quitAll } = await import('../caller/quit-all.ts');
  return quitAll(env, { signal, onProgress: progress.step });
}

function describe(results: readonly QuitResult[]): string {
  if (results.length === 0) return 'No session runs.';
  const { length } = results.flatMap(({ left }) => left);
  const what = results.length === 1 ? 'Session' : `${results.length} sessions`;
  return `${what} ended, ${length} ${length === 1 ? 'intercept' : 'intercepts'} with ${results.length === 1 ? 'it' : 'them'}.`;
}

/** Its names lead nowhere after a helper that was killed; only root can change that. */
async function repairLaptop({ env, progress }: Tools, command = DEFAULT_HELPER_COMMAND): Promise<void> {
  const { isLeftBehind } = await import('../network/helper/left-behind.ts');
  if (!isLeftBehind()) return;
  progress.step("Putting back this laptop's /etc/resolv.conf, which a killed helper has left");
  const { startHelper } = await import('../network/laptop/start-helper.ts');
  await startHelper({ command, env });
}
