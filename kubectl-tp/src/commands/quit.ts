// kubectl tp quit: ends the session process, its intercepts and its Session object.

import { defineCommand, type Tools } from '../command.ts';

export const quit = defineCommand({
  name: 'quit',
  summary: 'End all your intercepts and the session; nothing is left on laptop or in the cluster',
  options: {
    'helper-command': {
      type: 'string',
      describe: 'what makes the helper root that puts the laptop in order after one that was killed [sudo]',
      value: 'COMMAND',
    },
    s: { type: 'boolean', describe: 'accepted for habit', hidden: true },
  },
  examples: [['kubectl tp quit', 'end the session of the current context']],
  async run(tools, args) {
    const { existingSession, printer, progress, signal } = tools;
    // A session whose process was killed is taken up again to end it properly.
    const running = await existingSession({ resume: true });
    if (running === undefined) {
      await repairLaptop(tools, args['helper-command']);
      printer.result({ left: [] }, () => 'No session runs.');
      return undefined;
    }
    const { left } = await running.call('quit', {}, { signal, onProgress: progress.step });
    await repairLaptop(tools, args['helper-command']);
    printer.result(
      { left },
      () => `Session ended, ${left.length} ${left.length === 1 ? 'intercept' : 'intercepts'} with it.`,
    );
    return undefined;
  },
});

/** Its names lead nowhere after a helper that was killed; only root can change that. */
async function repairLaptop({ env, progress }: Tools, command = 'sudo'): Promise<void> {
  const { isLeftBehind } = await import('../network/helper/left-behind.ts');
  if (!isLeftBehind()) return;
  progress.step("Putting back this laptop's /etc/resolv.conf, which a killed helper has left");
  const { startHelper } = await import('../network/laptop/start-helper.ts');
  await startHelper({ command, env });
}
