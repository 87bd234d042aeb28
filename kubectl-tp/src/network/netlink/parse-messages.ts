// Answers of rtnetlink (netlink(7), rtnetlink(7)) as values: whether a request was done, and the lists of links, addresses
// and routes. Pure. What it does not know it skips, as the kernel's documentation asks of every reader.

import { formatAddress } from '@kubectl-tp/control-plane/addresses';
import {
  ADDRESS_FAMILY,
  HEADER_BYTES,
  IFA_ADDRESS,
  IFA_LOCAL,
  IFLA_IFALIAS,
  RTA_DST,
  RTA_OIF,
  RTN_UNICAST,
} from './messages.ts';

export type NetlinkMessage = { readonly type: number; readonly body: Buffer };

export type Link = {
  readonly index: number;
  readonly name: string;
  readonly alias: string;
  /** Of a TUN interface: whether a process moves its packets. */
  readonly hasCarrier: boolean;
};

export type Route = {
  /** Canonical, without the bits behind the prefix. The default route has none. */
  readonly address: string;
  readonly bits: number;
  readonly gateway?: string;
  readonly interfaceIndex: number;
};

const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

const IFLA_IFNAME = 3;
const IFF_LOWER_UP = 0x1_0000;
const RTA_GATEWAY = 5;

/** Those of one answer, which may hold many. */
export function parseMessages(answer: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + HEADER_BYTES <= answer.length; ) {
    const bytes = answer.readUInt32LE(at);
    if (bytes < HEADER_BYTES || at + bytes > answer.length) break;
    messages.push({ type: answer.readUInt16LE(at + 4), body: answer.subarray(at + HEADER_BYTES, at + bytes) });
    at += aligned(bytes);
  }
  return messages;
}

/** 0 when the request was done; undefined for another message. */
export function errnoOf({ type, body }: NetlinkMessage): number | undefined {
  return type === NLMSG_ERROR && body.length >= 4 ? Math.abs(body.readInt32LE(0)) : undefined;
}

export function parseLink({ body }: NetlinkMessage): Link {
  const attributes = attributesOf(body.subarray(16)); // behind struct ifinfomsg
  return {
    index: body.readInt32LE(4),
    name: textOf(attributes.get(IFLA_IFNAME)),
    alias: textOf(attributes.get(IFLA_IFALIAS)),
    hasCarrier: (body.readUInt32LE(8) & IFF_LOWER_UP) !== 0,
  };
}

/** One of this machine's own. */
export function parseAddressMessage({ body }: NetlinkMessage): string | undefined {
  const attributes = attributesOf(body.subarray(8)); // behind struct ifaddrmsg
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  return address === undefined ? undefined : formatAddress(address);
}

/** Undefined for what is no way to other machines. */
export function parseRoute({ body }: NetlinkMessage): Route | undefined {
  const [family = 0, bits = 0] = body;
  if (body[7] !== RTN_UNICAST || (family !== ADDRESS_FAMILY[4] && family !== ADDRESS_FAMILY[6])) return undefined;
  const attributes = attributesOf(body.subarray(12)); // behind struct rtmsg
  const gateway = attributes.get(RTA_GATEWAY);
  return {
    address: formatAddress(attributes.get(RTA_DST) ?? Buffer.alloc(family === ADDRESS_FAMILY[4] ? 4 : 16)),
    bits,
    ...(gateway === undefined ? {} : { gateway: formatAddress(gateway) }),
    interfaceIndex: attributes.get(RTA_OIF)?.readInt32LE() ?? 0,
  };
}

function attributesOf(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    attributes.set(bytes.readUInt16LE(at + 2), bytes.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** Each message and attribute begins at a multiple of four bytes. */
const aligned = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** Closed by a zero. */
const textOf = (bytes: Buffer | undefined): string => bytes?.toString('utf8').replace(/\0.*$/s, '') ?? '';
