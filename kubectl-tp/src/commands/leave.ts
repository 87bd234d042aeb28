// kubectl tp leave: ends intercepts. Ending what is not there is no error.

import { defineCommand } from '../command.ts';
import { TpError } from '../errors.ts';
import type { LeaveRequest } from '../ipc/intercept-messages.ts';
import type { InterceptReport } from '../ipc/report-messages.ts';

export const leave = defineCommand({
  name: 'leave',
  aliases: ['detach'],
  summary: "End an intercept, by its own or its target's name, or all of them",
  words: '[NAME]',
  options: { all: { type: 'boolean', describe: 'end all your intercepts in every namespace, with -n in that one' } },
  examples: [
    ['kubectl tp leave orders', 'your intercepts of Service orders'],
    ['kubectl tp leave --all', 'all your intercepts'],
    ['kubectl tp leave --all -n shop', 'all of namespace shop'],
  ],
  async run({ existingSession, connection, flags, printer, progress, signal }, { all, words }) {
    const [name] = words;
    if (all === (name !== undefined)) {
      throw new TpError('USAGE', 'leave needs either a NAME or --all.', {
        hint: 'See your intercepts: kubectl tp status',
      });
    }
    const { namespace } = await connection();
    const asked = flags.namespace === undefined ? {} : { namespace: flags.namespace };
    const request: LeaveRequest = name === undefined ? { all: true, ...asked } : { all: false, namespace, name };
    const running = await existingSession({ resume: true });
    const { left } =
      running === undefined
        ? { left: [] }
        : await running.call('leave', request, { signal, onProgress: progress.step });
    const report = left.length > 0 || request.all ? undefined : await running?.call('status', {}, { signal });
    const elsewhere = name === undefined ? [] : namespacesOf(name, report?.intercepts ?? []);
    printer.result({ left }, () => {
      if (left.length > 0) return left.map((ended) => `Left ${ended.name} in ${ended.namespace}.`).join('\n');
      if (name === undefined) return `There is nothing to leave${where(asked.namespace)}.`;
      return [
        `There is no intercept ${name} of yours in ${namespace}.`,
        ...elsewhere.map((other) => `You have one in ${other}: kubectl tp leave ${name} -n ${other}`),
      ].join('\n');
    });
    return undefined;
  },
});

function where(namespace: string | undefined): string {
  return namespace === undefined ? '' : ` in ${namespace}`;
}

/** Where an intercept is that has this name, or whose target has it. */
function namespacesOf(name: string, intercepts: readonly InterceptReport[]): string[] {
  const meant = intercepts.filter((one) => [one.name, one.target, one.target.split('/').at(-1)].includes(name));
  return [...new Set(meant.map(({ namespace }) => namespace))].toSorted();
}
