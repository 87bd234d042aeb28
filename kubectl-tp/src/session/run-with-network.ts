// Runs a command in a network of its own that is the cluster's, without root.

import type { Tools } from '../command.ts';
import { OWN_ADDRESSES } from '../network/network-addresses.ts';
import { startNamespace } from '../network/rootless/start-namespace.ts';
import type { ConnectRequest, ConnectResult } from './api.ts';
import { searchPath } from './cluster-names.ts';
import { runWhileHeld } from './run-while-held.ts';

export type NetworkRun = {
  readonly tools: Tools;
  readonly wish: Omit<ConnectRequest, 'entry'>;
  readonly command: readonly string[];
};

/** Resolves with the command's exit code. */
export async function runWithNetwork({ tools, wish, command }: NetworkRun): Promise<number> {
  const starting = startNamespace({ addresses: OWN_ADDRESSES, resolvConf: resolvConf(wish.namespace) });
  const [session, namespace] = await Promise.all([tools.session(), starting]).catch(async (error) => {
    await starting.then(({ close }) => close()).catch(() => undefined); // it never was there
    throw error;
  });
  const request: ConnectRequest = { ...wish, entry: { kind: 'namespace', descriptors: namespace.descriptors } };
  try {
    return await runWhileHeld({
      session,
      verb: 'connect',
      request,
      again: () => request,
      tools,
      async start(result) {
        for (const line of describe(result)) tools.progress.step(line);
        return { exited: namespace.run(command, tools.env), kill: () => void namespace.close() };
      },
    });
  } finally {
    await namespace.close();
  }
}

/** As in a pod of the namespace. */
function resolvConf(namespace: string): string {
  return `nameserver ${OWN_ADDRESSES.ipv4.gateway}\nsearch ${searchPath(namespace).join(' ')}\noptions ndots:5\n`;
}

function describe({ namespace, ranges }: ConnectResult): string[] {
  const reached = ranges.length === 0 ? 'Services and pods' : ranges.join(', ');
  return [
    `In the network of the cluster: names of namespace ${namespace}, ${reached}.`,
    'No root was needed, and nothing on this laptop changed: only this command is there.',
  ];
}
