// What the CLI tells of a command's own network. Pure.

import type { ConnectResult, InsideResult } from '../ipc/network-messages.ts';

export function describeNetwork({ namespace, ranges, via }: ConnectResult): string[] {
  const reached = ranges.length === 0 ? 'Services and pods' : ranges.join(', ');
  return [
    `In the network of the cluster: names of namespace ${namespace}, ${reached}.`,
    ...(via === undefined ? [] : [`Connections leave from pods of ${via}.`]),
    'No root was needed, and nothing on this laptop changed: only this command is there.',
  ];
}

export function describeForwards({ forwards, taken }: Extract<InsideResult, { network: unknown }>): string[] {
  const names = forwards.map((port) => `localhost:${port}`).join(', ');
  return [
    ...(forwards.length === 0 ? [] : [`Programs of this laptop reach the command at ${names}.`]),
    ...taken.map((port) => `Port ${port} of this laptop belongs to another program: it does not lead to the command.`),
  ];
}
