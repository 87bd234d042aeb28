// Requests of rtnetlink (rtnetlink(7), linux/rtnetlink.h): how an interface is set up without any program. Bytes only;
// who sends them is netlink-socket.ts, what comes back is parse-messages.ts. The machine's byte order is little-endian on
// every architecture we ship for.

import type { IpVersion } from '@kubectl-tp/control-plane/addresses';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const NLM_F_REQUEST = 0x01;
const NLM_F_ACK = 0x04;
const NLM_F_DUMP = 0x300;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
export const HEADER_BYTES = 16;

const IFF_UP = 0x1;
const IFLA_MTU = 4;
const IFLA_TXQLEN = 13;
export const IFLA_IFALIAS = 20;
export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
/** No probing whether somebody else has the address, during which it could not be used. */
const IFA_F_NODAD = 0x02;
export const RTA_DST = 1;
export const RTA_OIF = 4;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RT_SCOPE_LINK = 253;
export const RTN_UNICAST = 1;

export const ADDRESS_FAMILY: Readonly<Record<IpVersion, number>> = { 4: 2, 6: 10 };
const ADDRESS_BITS: Readonly<Record<IpVersion, number>> = { 4: 32, 6: 128 };

/** All objects of a kind. */
export const DUMP = { links: 18, addresses: 22, routes: 26 } as const;

export type LinkProperties = {
  readonly mtu?: number;
  readonly queueLength?: number;
  /** A line that tells people, and us, what the interface is for. */
  readonly alias?: string;
};

/** Brings an interface up, with these properties. */
export function buildLinkUp(index: number, { mtu, queueLength, alias }: LinkProperties = {}): Buffer {
  const link = linkHead(index);
  link.writeUInt32LE(IFF_UP, 8);
  link.writeUInt32LE(IFF_UP, 12); // which flags change
  const attributes = [
    ...(mtu === undefined ? [] : [attribute(IFLA_MTU, numberBytes(mtu))]),
    ...(queueLength === undefined ? [] : [attribute(IFLA_TXQLEN, numberBytes(queueLength))]),
    ...(alias === undefined ? [] : [attribute(IFLA_IFALIAS, Buffer.from(alias))]),
  ];
  return message(RTM_NEWLINK, NLM_F_ACK, link, attributes);
}

export function buildDeleteLink(index: number): Buffer {
  return message(RTM_DELLINK, NLM_F_ACK, linkHead(index), []);
}

function linkHead(index: number): Buffer {
  const link = Buffer.alloc(16); // struct ifinfomsg
  link.writeInt32LE(index, 4);
  return link;
}

/** Gives an interface its address, with `peer` as the only other machine on it. */
export function buildAddress(index: number, address: Buffer, peer: Buffer): Buffer {
  const version = address.length === 4 ? 4 : 6;
  const head = Buffer.alloc(8); // struct ifaddrmsg
  head[0] = ADDRESS_FAMILY[version];
  head[1] = ADDRESS_BITS[version];
  head[2] = version === 6 ? IFA_F_NODAD : 0;
  head.writeUInt32LE(index, 4);
  return message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE, head, [
    attribute(IFA_LOCAL, address),
    attribute(IFA_ADDRESS, peer),
  ]);
}

/** Leads everything that has no nearer route to the interface. */
export function buildDefaultRoute(index: number, version: IpVersion): Buffer {
  // No bits of the destination have to match.
  const attributes = [attribute(RTA_OIF, numberBytes(index))];
  return message(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE, routeHead(version, 0), attributes);
}

/** Leads the addresses that begin with these bits to the interface. Fails where there is such a route already. */
export function buildRoute(index: number, { address, bits }: Prefix): Buffer {
  return message(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, ...routeTo(index, { address, bits }));
}

export function buildDeleteRoute(index: number, prefix: Prefix): Buffer {
  return message(RTM_DELROUTE, NLM_F_ACK, ...routeTo(index, prefix));
}

/** The bits behind the first `bits` are zero. */
export type Prefix = { readonly address: Buffer; readonly bits: number };

function routeTo(index: number, { address, bits }: Prefix): [head: Buffer, attributes: Buffer[]] {
  const head = routeHead(address.length === 4 ? 4 : 6, bits);
  return [head, [attribute(RTA_DST, address), attribute(RTA_OIF, numberBytes(index))]];
}

function routeHead(version: IpVersion, bits: number): Buffer {
  const head = Buffer.alloc(12); // struct rtmsg
  head[0] = ADDRESS_FAMILY[version];
  head[1] = bits;
  head[4] = RT_TABLE_MAIN;
  head[5] = RTPROT_STATIC;
  head[6] = version === 4 ? RT_SCOPE_LINK : 0;
  head[7] = RTN_UNICAST;
  return head;
}

export function buildDump(type: (typeof DUMP)[keyof typeof DUMP]): Buffer {
  // As long as the largest of the three heads; all families.
  return message(type, NLM_F_DUMP, Buffer.alloc(16), []);
}

function message(type: number, flags: number, head: Buffer, attributes: readonly Buffer[]): Buffer {
  const body = Buffer.concat([head, ...attributes]);
  const header = Buffer.alloc(HEADER_BYTES); // struct nlmsghdr
  header.writeUInt32LE(HEADER_BYTES + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(NLM_F_REQUEST | flags, 6);
  return Buffer.concat([header, body]);
}

/** Each begins at a multiple of four bytes. */
function attribute(type: number, value: Buffer): Buffer {
  const bytes = 4 + value.length;
  const padded = Buffer.alloc(Math.ceil(bytes / 4) * 4);
  padded.writeUInt16LE(bytes, 0);
  padded.writeUInt16LE(type, 2);
  value.copy(padded, 4);
  return padded;
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
