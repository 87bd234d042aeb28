// A network of a command's own on this laptop: whether it can be had, and its beginning. What leads from there into the
// cluster is the session process's part.

import type { Tools } from '../command.ts';
import { fromDescription } from '../errors.ts';
import { searchPath } from '../network/cluster-names.ts';
import { OWN_ADDRESSES } from '../network/network-addresses.ts';
import type { Namespace } from '../network/rootless/start-namespace.ts';

/** Undefined: the cluster's where it can be had, else the laptop's. */
export type NetworkChoice = 'cluster' | 'laptop' | undefined;

/** Undefined when the command stays in the laptop's network, with a warning if nobody has asked for that. */
export async function chooseNetwork(
  { env, progress }: Tools,
  choice: NetworkChoice,
  namespace: string,
): Promise<Namespace | undefined> {
  if (choice === 'laptop') return undefined;
  const { whyNotRootless } = await import('../network/rootless/why-not-rootless.ts');
  const reason = await whyNotRootless(env);
  if (reason === undefined) return startCommandNetwork(namespace);
  if (choice === 'cluster') throw fromDescription(reason);
  progress.warn(staysOnLaptop(reason.message));
  if (reason.hint !== undefined) progress.warn(`For a network of its own: ${reason.hint}`);
  return undefined;
}

export function staysOnLaptop(why: string): string {
  return `${why} So the command is in the laptop's network, where names of the cluster do not resolve (--network laptop leaves out this warning).`;
}

export async function startCommandNetwork(namespace: string): Promise<Namespace> {
  const { startNamespace } = await import('../network/rootless/start-namespace.ts');
  return startNamespace({ addresses: OWN_ADDRESSES, resolvConf: resolvConf(namespace) });
}

function resolvConf(namespace: string): string {
  return `nameserver ${OWN_ADDRESSES.ipv4.gateway}\nsearch ${searchPath(namespace).join(' ')}\noptions ndots:5\n`;
}
