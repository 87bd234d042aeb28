// Sets up the network inside of a fresh network namespace: the TUN interface with its addresses, everything else led to
// it, and the loopback interface.

import { existsSync, writeFileSync } from 'node:fs';
import { parseAddress } from '@kubectl-tp/control-plane/addresses';
import { openLinuxTun, TUN_MTU, TUN_QUEUE_LENGTH } from '../device/linux-tun.ts';
import { systemCalls } from '../device/system-calls.ts';
import { buildAddress, buildDefaultRoute, buildLinkUp } from '../netlink/messages.ts';
import { type NetlinkSocket, withNetlink } from '../netlink/netlink-socket.ts';
import type { AddressPair, NetworkAddresses } from '../network-addresses.ts';

const INTERFACE = 'tp0';
/** The first interface of each network namespace. */
const LOOPBACK_INDEX = 1;
/** What a command may do here without privileges, as in a container: ping, and listen on every port. */
const ALLOWED = [
  ['ping_group_range', '0 0'],
  ['ip_unprivileged_port_start', '0'],
] as const;

/** Returns the descriptor of the TUN interface. */
export function setupInterface(addresses: NetworkAddresses): number {
  const tun = openLinuxTun(INTERFACE);
  const index = systemCalls.ifNameToIndex(INTERFACE);
  withNetlink((netlink) => {
    netlink.request('bringing loopback up', buildLinkUp(LOOPBACK_INDEX));
    const properties = { mtu: TUN_MTU, queueLength: TUN_QUEUE_LENGTH };
    netlink.request(`bringing ${INTERFACE} up`, buildLinkUp(index, properties));
    addFamily(netlink, index, addresses.ipv4);
    if (hasIpv6()) addFamily(netlink, index, addresses.ipv6);
  });
  for (const [setting, value] of ALLOWED) allow(setting, value);
  return tun;
}

export const hasIpv6 = (): boolean => existsSync('/proc/net/if_inet6');

function addFamily(netlink: NetlinkSocket, index: number, { program, gateway }: AddressPair): void {
  const address = parseAddress(program);
  netlink.request(`adding ${program}`, buildAddress(index, address, parseAddress(gateway)));
  netlink.request('adding the default route', buildDefaultRoute(index, address.length === 4 ? 4 : 6));
}

function allow(setting: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/ipv4/${setting}`, value);
  } catch {
    // read-only in some containers: then the command is told so itself
  }
}
