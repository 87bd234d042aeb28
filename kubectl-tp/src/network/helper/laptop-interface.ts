// The interface of a whole laptop, as root makes it: left for its user to take, with addresses and routes. Names and
// sizes are fixed here, so that no request can choose them.

import { constants } from 'node:os';
import { addressBytes, formatRange, parseAddress, type Range, rangeOf } from '@kubectl-tp/control-plane/addresses';
import { leaveLinuxTun, TUN_MTU, TUN_QUEUE_LENGTH } from '../device/linux-tun.ts';
import {
  buildAddress,
  buildDeleteLink,
  buildDeleteRoute,
  buildLinkUp,
  buildRoute,
  DUMP,
  type Prefix,
} from '../netlink/messages.ts';
import { type NetlinkSocket, withNetlink } from '../netlink/netlink-socket.ts';
import { type Link, parseLink } from '../netlink/parse-messages.ts';
import type { AddressPair, NetworkAddresses } from '../network-addresses.ts';
import { hasIpv6 } from '../rootless/setup-interface.ts';
import type { CreatedInterface, RefusedRoute } from './messages.ts';

export type LaptopInterface = CreatedInterface & {
  /** These and no others. A route that the kernel refuses keeps none of the others away. */
  setRoutes(cidrs: readonly string[]): RefusedRoute[];
  /** If it is still there. */
  remove(): void;
};

/** Others may have some of these. */
const NAMES = Array.from({ length: 10 }, (_, index) => `tp${index}`);
/** By it a helper knows the interface of another one. */
const ALIAS = 'kubectl tp connect';
/** The kernel's words for a laptop on which IPv6 is switched off. */
const NO_IPV6: readonly number[] = [constants.errno.EACCES, constants.errno.EOPNOTSUPP, constants.errno.EAFNOSUPPORT];
const ALREADY_SO: readonly number[] = [constants.errno.ESRCH, constants.errno.ENODEV, constants.errno.ENOENT];

export function createLaptopInterface(owner: number, addresses: NetworkAddresses): LaptopInterface {
  const name = freeName();
  leaveLinuxTun(name, owner);
  const index = listLinks().find((link) => link.name === name)?.index ?? 0;
  try {
    return { ...setUp(index, name, addresses), ...routesOf(index), remove: () => removeLink(index, name) };
  } catch (error) {
    removeLink(index, name);
    throw error;
  }
}

/** Those of helpers, this one or others, now or before. */
export const listOurLinks = (): Link[] => listLinks().filter(({ alias }) => alias === ALIAS);

/** Unless another one has taken its number or name meanwhile. */
export function removeLink(index: number, name: string): void {
  withNetlink((netlink) => {
    const isThere = listLinks(netlink).some((link) => link.index === index && link.name === name);
    if (isThere) unless(ALREADY_SO, () => netlink.request(`removing ${name}`, buildDeleteLink(index)));
  });
}

function freeName(): string {
  const taken = new Set(listLinks().map(({ name }) => name));
  const free = NAMES.find((name) => !taken.has(name));
  if (free === undefined) throw new Error(`this laptop has interfaces of all the names ${NAMES.join(', ')}`);
  return free;
}

function setUp(index: number, name: string, { ipv4, ipv6 }: NetworkAddresses): CreatedInterface {
  return withNetlink((netlink) => {
    const properties = { mtu: TUN_MTU, queueLength: TUN_QUEUE_LENGTH, alias: ALIAS };
    netlink.request(`bringing ${name} up`, buildLinkUp(index, properties));
    addAddress(netlink, index, ipv4);
    return { interface: name, hasIpv6: hasIpv6() && unless(NO_IPV6, () => addAddress(netlink, index, ipv6)) };
  });
}

function addAddress(netlink: NetlinkSocket, index: number, { program, gateway }: AddressPair): void {
  netlink.request(`adding ${program}`, buildAddress(index, parseAddress(program), parseAddress(gateway)));
}

function routesOf(index: number): Pick<LaptopInterface, 'setRoutes'> {
  const current = new Set<string>();
  return {
    setRoutes: (cidrs) =>
      withNetlink((netlink) => {
        const wanted = new Map(cidrs.map(rangeOf).map((range) => [formatRange(range), range]));
        for (const cidr of [...current].filter((old) => !wanted.has(old))) {
          const request = () => netlink.request(`removing the route to ${cidr}`, deleteRoute(index, cidr));
          unless(ALREADY_SO, request);
          current.delete(cidr);
        }
        const refused: RefusedRoute[] = [];
        for (const [cidr, range] of [...wanted].filter(([cidr]) => !current.has(cidr))) {
          try {
            netlink.request(`adding the route to ${cidr}`, buildRoute(index, prefixOf(range)));
            current.add(cidr);
          } catch (error) {
            refused.push({ cidr, why: error instanceof Error ? error.message : String(error) });
          }
        }
        return refused;
      }),
  };
}

const deleteRoute = (index: number, cidr: string): Buffer => buildDeleteRoute(index, prefixOf(rangeOf(cidr)));

const prefixOf = (range: Range): Prefix => ({ address: addressBytes(range), bits: range.bits });

/** Whether it was done; false for these errors, which are no trouble here. */
function unless(errors: readonly number[], run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof Error && 'errno' in error && errors.includes(Math.abs(Number(error.errno)))) return false;
    throw error;
  }
}

function listLinks(netlink?: NetlinkSocket): Link[] {
  if (netlink === undefined) return withNetlink(listLinks);
  return netlink.list(DUMP.links).map(parseLink);
}
