// kubectl tp leave: ends intercepts. Ending what is not there is no error.

import { defineCommand } from '../command.ts';
import { TpError } from '../errors.ts';
import type { LeaveRequest } from '../ipc/intercept-messages.ts';

export const leave = defineCommand({
  name: 'leave',
  aliases: ['detach'],
  summary: "End an intercept, by its own or its target's name, or all of them",
  words: '[NAME]',
  options: { all: { type: 'boolean', describe: 'end all your intercepts, in every namespace' } },
  examples: [
    ['kubectl tp leave orders', 'your intercepts of Service orders'],
    ['kubectl tp leave --all', 'all your intercepts'],
  ],
  async run({ existingSession, connection, printer, progress, signal }, { all, words }) {
    const [name] = words;
    if (all === (name !== undefined)) {
      throw new TpError('USAGE', 'leave needs either a NAME or --all.', {
        hint: 'See your intercepts: kubectl tp status',
      });
    }
    const { namespace } = await connection();
    const request: LeaveRequest = name === undefined ? { all: true } : { all: false, namespace, name };
    const running = await existingSession({ resume: true });
    const { left } =
      running === undefined
        ? { left: [] }
        : await running.call('leave', request, { signal, onProgress: progress.step });
    printer.result({ left }, () => {
      if (left.length > 0) return left.map((ended) => `Left ${ended.name} in ${ended.namespace}.`).join('\n');
      return name === undefined
        ? 'There is nothing to leave.'
        : `There is no intercept ${name} of yours in ${namespace}.`;
    });
    return undefined;
  },
});
