// What the laptop's own network looks like now: its routes, its addresses, its gateways and resolvers.

import { readFileSync } from 'node:fs';
import { rangeOf } from '@kubectl-tp/control-plane/addresses';
import { parseResolvConf } from '../dns/resolv-conf.ts';
import { BACKUP_PATH, RESOLV_CONF } from '../helper/resolv-conf-file.ts';
import { DUMP } from '../netlink/messages.ts';
import { withNetlink } from '../netlink/netlink-socket.ts';
import { parseAddressMessage, parseLink, parseRoute } from '../netlink/parse-messages.ts';
import type { KeptAddress, LaptopRoute } from './plan-routes.ts';

export type LaptopNetwork = {
  /** Without the default ones. */
  readonly routes: readonly LaptopRoute[];
  /** What must go on as it does. */
  readonly kept: readonly KeptAddress[];
};

/** Loads native code. `except` is an interface that does not count: our own. */
export function readLaptopNetwork(except?: string): LaptopNetwork {
  return withNetlink((netlink) => {
    const links = netlink.list(DUMP.links).map(parseLink);
    const nameOf = new Map(links.map(({ index, name }) => [index, name]));
    const routes = netlink
      .list(DUMP.routes)
      .map(parseRoute)
      .filter((route) => route !== undefined)
      .filter(({ interfaceIndex }) => nameOf.get(interfaceIndex) !== except);
    const addresses = netlink.list(DUMP.addresses).map(parseAddressMessage);
    const gateways = routes.flatMap(({ bits, gateway }) => (bits === 0 && gateway !== undefined ? [gateway] : []));
    return {
      routes: routes
        .filter(({ bits }) => bits > 0)
        .map(({ address, bits, interfaceIndex }) => ({
          range: rangeOf(`${address}/${bits}`),
          interfaceName: nameOf.get(interfaceIndex) ?? 'several interfaces',
        })),
      kept: [
        ...kept(gateways, "the laptop's gateway"),
        ...kept(readResolvers(), "the laptop's resolver"),
        ...kept(addresses, "one of the laptop's addresses"),
      ],
    };
  });
}

export function kept(addresses: readonly (string | undefined)[], what: string): KeptAddress[] {
  return addresses.flatMap((address) =>
    // Addresses of one link, which no range of a cluster has, come with its name.
    address === undefined || address.includes('%') ? [] : [{ range: rangeOf(address), what }],
  );
}

/** The file that was there before ours, while ours is. */
function readResolvers(): readonly string[] {
  for (const path of [BACKUP_PATH, RESOLV_CONF]) {
    try {
      return parseResolvConf(readFileSync(path, 'utf8')).servers;
    } catch {
      // the other one, or none: programs would ask this machine itself
    }
  }
  return [];
}
