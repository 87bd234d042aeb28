// Sets up the network inside of a fresh network namespace: the TUN interface with its addresses, everything else led to
// it, and the loopback interface.

import { existsSync, writeFileSync } from 'node:fs';
import { parseAddress } from '../address.ts';
import { openLinuxTun, TUN_MTU } from '../device/linux-tun.ts';
import { checked, systemCalls, systemError } from '../device/system-calls.ts';
import type { AddressPair, NetworkAddresses } from '../network-addresses.ts';
import { buildAddress, buildDefaultRoute, buildLinkUp, parseAnswer } from './netlink.ts';

const INTERFACE = 'tp0';
/** The first interface of each network namespace. */
const LOOPBACK_INDEX = 1;
/** Packets that wait for us. The usual 500 lose the first ones of a thousand connections at once. */
const QUEUE_LENGTH = 4096;

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 0o2000003;
const NETLINK_ROUTE = 0;
const MAX_ANSWER_BYTES = 8192;

/** What a command may do here without privileges, as in a container: ping, and listen on every port. */
const ALLOWED = [
  ['ping_group_range', '0 0'],
  ['ip_unprivileged_port_start', '0'],
] as const;

/** Returns the descriptor of the TUN interface. */
export function setupInterface(addresses: NetworkAddresses): number {
  const tun = openLinuxTun(INTERFACE);
  const index = systemCalls.ifNameToIndex(INTERFACE);
  const netlink = checked('opening rtnetlink', systemCalls.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE));
  request(netlink, 'bringing loopback up', buildLinkUp(LOOPBACK_INDEX));
  request(netlink, `bringing ${INTERFACE} up`, buildLinkUp(index, { mtu: TUN_MTU, queueLength: QUEUE_LENGTH }));
  addFamily(netlink, index, addresses.ipv4);
  if (hasIpv6()) addFamily(netlink, index, addresses.ipv6);
  systemCalls.close(netlink);
  for (const [setting, value] of ALLOWED) allow(setting, value);
  return tun;
}

export const hasIpv6 = (): boolean => existsSync('/proc/net/if_inet6');

function addFamily(netlink: number, index: number, { program, gateway }: AddressPair): void {
  const address = parseAddress(program);
  request(netlink, `adding ${program}`, buildAddress(index, address, parseAddress(gateway)));
  request(netlink, 'adding the default route', buildDefaultRoute(index, address.length === 4 ? 4 : 6));
}

function request(netlink: number, what: string, message: Buffer): void {
  checked(what, systemCalls.send(netlink, message, message.length, 0));
  const answer = Buffer.alloc(MAX_ANSWER_BYTES);
  const bytes = checked(what, systemCalls.recv(netlink, answer, answer.length, 0));
  const errno = parseAnswer(answer.subarray(0, bytes));
  if (errno !== undefined && errno !== 0) throw systemError(what, errno);
}

function allow(setting: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/ipv4/${setting}`, value);
  } catch {
    // read-only in some containers: then the command is told so itself
  }
}
