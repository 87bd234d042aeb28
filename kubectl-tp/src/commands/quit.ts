// kubectl tp quit: ends the session process, its intercepts and its Session object.

import { defineCommand } from '../command.ts';

export const quit = defineCommand({
  name: 'quit',
  summary: 'End all your intercepts and the session; nothing is left on laptop or in the cluster',
  options: { s: { type: 'boolean', describe: 'accepted for habit', hidden: true } },
  examples: [['kubectl tp quit', 'end the session of the current context']],
  async run({ existingSession, printer, progress, signal }) {
    // A session whose process was killed is taken up again to end it properly.
    const running = await existingSession({ resume: true });
    if (running === undefined) {
      printer.result({ left: [] }, () => 'No session runs.');
      return undefined;
    }
    const { left } = await running.call('quit', {}, { signal, onProgress: progress.step });
    printer.result(
      { left },
      () => `Session ended, ${left.length} ${left.length === 1 ? 'intercept' : 'intercepts'} with it.`,
    );
    return undefined;
  },
});
