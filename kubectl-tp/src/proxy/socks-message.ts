// The messages of SOCKS 5 (RFC 1928) and of its passwords (RFC 1929). Pure but for the stream that they are read from.

import { isIPv4, SocketAddress } from 'node:net';
import type { Readable } from 'node:stream';
import type { DialFailure } from '../outbound/dialer.ts';
import type { Credentials } from './credentials.ts';
import type { Destination } from './dial-by-name.ts';
import { readBytes } from './read-bytes.ts';

export const SOCKS_VERSION = 5;
export const METHOD = { none: 0, password: 2, notAcceptable: 0xff } as const;
export const COMMAND = { connect: 1, associate: 3 } as const;

/** RFC 1928, 6. */
export const REPLY = {
  succeeded: 0,
  failure: 1,
  notAllowed: 2,
  hostUnreachable: 4,
  refused: 5,
  expired: 6,
  commandNotSupported: 7,
  addressNotSupported: 8,
} as const;
export type Reply = (typeof REPLY)[keyof typeof REPLY];

/** There is no code for silence; "TTL expired" is what others send for it. */
export const REPLY_OF_FAILURE: Readonly<Record<DialFailure, Reply>> = {
  refused: REPLY.refused,
  unreachable: REPLY.hostUnreachable,
  timeout: REPLY.expired,
  denied: REPLY.notAllowed,
  lost: REPLY.failure,
};

const ADDRESS_TYPE = { v4: 1, name: 3, v6: 4 } as const;
const ADDRESS_BYTES = new Map<number | undefined, number>([
  [ADDRESS_TYPE.v4, 4],
  [ADDRESS_TYPE.v6, 16],
]);

/** The methods that the program offers; undefined for something else than SOCKS 5. */
export async function readGreeting(stream: Readable): Promise<Buffer | undefined> {
  const head = await readBytes(stream, 2);
  if (head?.[0] !== SOCKS_VERSION) return undefined;
  return readBytes(stream, head.readUInt8(1));
}

/** RFC 1929, 2, a version and results of its own. */
const LOGIN_VERSION = 1;
const LOGIN_RESULT = { success: 0, failure: 1 } as const;

/** Undefined for something else than a user and a password. */
export async function readLogin(stream: Readable): Promise<Credentials | undefined> {
  if ((await readBytes(stream, 1))?.[0] !== LOGIN_VERSION) return undefined;
  const user = await readText(stream);
  const password = user === undefined ? undefined : await readText(stream);
  return user === undefined || password === undefined ? undefined : { user, password };
}

async function readText(stream: Readable): Promise<string | undefined> {
  const length = await readBytes(stream, 1);
  return length === undefined ? undefined : (await readBytes(stream, length.readUInt8(0)))?.toString();
}

export function buildLoginResult(isLetIn: boolean): Buffer {
  return Buffer.from([LOGIN_VERSION, isLetIn ? LOGIN_RESULT.success : LOGIN_RESULT.failure]);
}

/** `to` is undefined for a kind of address that does not exist. */
export type SocksRequest = { readonly command: number; readonly to: Destination | undefined };

export async function readRequest(stream: Readable): Promise<SocksRequest | undefined> {
  const head = await readBytes(stream, 3);
  if (head?.[0] !== SOCKS_VERSION) return undefined;
  const address = await readAddress((bytes) => readBytes(stream, bytes));
  return address === undefined ? undefined : { command: head.readUInt8(1), to: address.to };
}

export function buildReply(reply: Reply, bound: Destination = { host: '0.0.0.0', port: 0 }): Buffer {
  return Buffer.concat([Buffer.from([SOCKS_VERSION, reply, 0]), buildAddress(bound)]);
}

/** A datagram of a program with where it is to go (RFC 1928, 7). Undefined: broken, or a fragment. */
export async function parseDatagram(message: Buffer): Promise<{ to: Destination; data: Buffer } | undefined> {
  let at = 3;
  const take = async (bytes: number) => {
    at += bytes;
    return at <= message.length ? message.subarray(at - bytes, at) : undefined;
  };
  const address = message.length < 4 || message[2] !== 0 ? undefined : await readAddress(take);
  return address?.to === undefined ? undefined : { to: address.to, data: message.subarray(at) };
}

export function buildDatagram(from: Destination, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0]), buildAddress(from), data]);
}

async function readAddress(
  read: (bytes: number) => Promise<Buffer | undefined>,
): Promise<{ to: Destination | undefined } | undefined> {
  const type = (await read(1))?.[0];
  const isName = type === ADDRESS_TYPE.name;
  const bytes = isName ? (await read(1))?.[0] : ADDRESS_BYTES.get(type);
  if (bytes === undefined) return type === undefined || isName ? undefined : { to: undefined };
  const address = await read(bytes);
  const port = await read(2);
  if (address === undefined || port === undefined) return undefined;
  const host = isName ? address.toString() : textOf(address);
  return { to: { host, port: port.readUInt16BE(0) } };
}

function textOf(address: Buffer): string {
  if (address.length === 4) return address.join('.');
  const groups = address.toString('hex').replace(/....(?!$)/g, '$&:');
  return new SocketAddress({ address: groups, family: 'ipv6' }).address;
}

function buildAddress({ host, port }: Destination): Buffer {
  const address = isIPv4(host) ? [ADDRESS_TYPE.v4, ...bytesOfV4(host)] : [ADDRESS_TYPE.v6, ...bytesOfV6(host)];
  return Buffer.from([...address, port >> 8, port & 0xff]);
}

const bytesOfV4 = (host: string): number[] => host.split('.').map(Number);

function bytesOfV6(host: string): number[] {
  const [left = [], right = []] = host.split('::').map((half) => (half === '' ? [] : half.split(':').flatMap(groupOf)));
  return [...left, ...Array(16 - left.length - right.length).fill(0), ...right];
}

/** The last group may be an IPv4 address. */
function groupOf(text: string): number[] {
  if (isIPv4(text)) return bytesOfV4(text);
  const group = Number.parseInt(text, 16);
  return [group >> 8, group & 0xff];
}
