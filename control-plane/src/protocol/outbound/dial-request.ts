// How a stream of the outbound tunnel begins: the laptop says where to, the relay says what became of it, then bytes.
// Request: kind (1 byte), port (2, big endian), length of the host (1), host in ASCII; for `exit` behind it the length of
// the exit's name (1) and `<namespace>/<name>` in ASCII. Answer: result (1 byte); behind any but `connected`, until the end
// of the stream, a sentence for people in UTF-8.

import type { PrefixResult } from '../read-prefix.ts';

const KINDS = { tcp: 1, udp: 2, dns: 3, exit: 4 } as const;
const RESULTS = { connected: 0, refused: 1, unreachable: 2, timeout: 3, denied: 4 } as const;

/**
 * `dns`: questions to the cluster's own resolver; host and port mean nothing then.
 * `exit`: TCP through the gate of an agent. `connected` tells only that the agent has taken the connection; TLS between
 * laptop and agent follows, and its handshake is done when the far side has accepted. Without host: to the gate itself,
 * which proves the way.
 */
export type DialKind = keyof typeof KINDS;
export type DialRequest = {
  readonly kind: DialKind;
  /** An IP address. Whoever reads it has to check: it may come from anybody with a session. */
  readonly host: string;
  readonly port: number;
  /** Of `exit`, and of no other. */
  readonly exit?: ExitName;
};
/** The Intercept that asked for it. */
export type ExitName = { readonly namespace: string; readonly name: string };
export type DialResult = keyof typeof RESULTS;

const HEADER_BYTES = 4;
/** The longest way to write an IPv6 address, with an IPv4 one at its end. */
const MAX_HOST_BYTES = 45;
/** Two labels of DNS and the slash. */
const MAX_EXIT_BYTES = 127;
const EXIT_NAME = /^([a-z0-9-]{1,63})\/([a-z0-9-]{1,63})$/;
export const MAX_DIAL_REQUEST_BYTES = HEADER_BYTES + MAX_HOST_BYTES + 1 + MAX_EXIT_BYTES;

/** `host` has at most 45 characters, as every address has. */
export function encodeDialRequest({ kind, host, port, exit }: DialRequest): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt8(KINDS[kind], 0);
  head.writeUInt16BE(port, 1);
  head.writeUInt8(host.length, 3);
  return Buffer.concat([head, Buffer.from(host, 'latin1'), ...(exit === undefined ? [] : [encodeExit(exit)])]);
}

function encodeExit({ namespace, name }: ExitName): Buffer {
  const text = `${namespace}/${name}`;
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
}

/** Never throws. */
export function parseDialRequest(bytes: Buffer): PrefixResult<DialRequest> {
  const kind = nameOf(KINDS, bytes[0]);
  if (bytes.length > 0 && kind === undefined) return 'invalid';
  if (bytes.length < HEADER_BYTES || kind === undefined) return 'incomplete';
  const hostBytes = bytes.readUInt8(3);
  if (hostBytes > MAX_HOST_BYTES) return 'invalid';
  const length = HEADER_BYTES + hostBytes;
  if (bytes.length < length) return 'incomplete';
  const port = bytes.readUInt16BE(1);
  const host = bytes.toString('latin1', HEADER_BYTES, length);
  if (port === 0 && kind !== 'dns' && !(kind === 'exit' && host === '')) return 'invalid';
  if (kind !== 'exit') return { value: { kind, port, host }, bytes: length };
  const exit = parseExit(bytes.subarray(length));
  return typeof exit === 'string'
    ? exit
    : { value: { kind, port, host, exit: exit.value }, bytes: length + exit.bytes };
}

function parseExit(bytes: Buffer): PrefixResult<ExitName> {
  const [length] = bytes;
  if (length === undefined) return 'incomplete';
  if (length > MAX_EXIT_BYTES) return 'invalid';
  if (bytes.length < 1 + length) return 'incomplete';
  const [, namespace, name] = EXIT_NAME.exec(bytes.toString('latin1', 1, 1 + length)) ?? [];
  return namespace === undefined || name === undefined ? 'invalid' : { value: { namespace, name }, bytes: 1 + length };
}

export function encodeDialResult(result: DialResult): Buffer {
  return Buffer.from([RESULTS[result]]);
}

/** Never throws. */
export function parseDialResult(bytes: Buffer): PrefixResult<DialResult> {
  if (bytes.length === 0) return 'incomplete';
  const value = nameOf(RESULTS, bytes[0]);
  return value === undefined ? 'invalid' : { value, bytes: 1 };
}

function nameOf<N extends string>(table: Readonly<Record<N, number>>, value: number | undefined): N | undefined {
  return (Object.keys(table) as N[]).find((name) => table[name] === value);
}
