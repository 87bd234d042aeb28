// How a stream of the outbound tunnel begins: the laptop says where to, the relay says what became of it, then bytes.
// Request: kind (1 byte), port (2, big endian), length of the host (1), host in ASCII. Answer: result (1 byte); behind any
// but `connected`, until the end of the stream, a sentence for people in UTF-8.

import type { PrefixResult } from '../read-prefix.ts';

const KINDS = { tcp: 1, udp: 2, dns: 3 } as const;
const RESULTS = { connected: 0, refused: 1, unreachable: 2, timeout: 3, denied: 4 } as const;

/** `dns`: questions to the cluster's own resolver; host and port mean nothing then. */
export type DialKind = keyof typeof KINDS;
export type DialRequest = {
  readonly kind: DialKind;
  /** An IP address. Whoever reads it has to check: it may come from anybody with a session. */
  readonly host: string;
  readonly port: number;
};
export type DialResult = keyof typeof RESULTS;

const HEADER_BYTES = 4;
/** The longest way to write an IPv6 address, with an IPv4 one at its end. */
const MAX_HOST_BYTES = 45;
export const MAX_DIAL_REQUEST_BYTES = HEADER_BYTES + MAX_HOST_BYTES;

/** `host` has at most 45 characters, as every address has. */
export function encodeDialRequest({ kind, host, port }: DialRequest): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + host.length);
  bytes.writeUInt8(KINDS[kind], 0);
  bytes.writeUInt16BE(port, 1);
  bytes.writeUInt8(host.length, 3);
  bytes.write(host, HEADER_BYTES, 'latin1');
  return bytes;
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
  if (port === 0 && kind !== 'dns') return 'invalid';
  return {
    value: { kind, port, host: bytes.toString('latin1', HEADER_BYTES, length) },
    bytes: length,
  };
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
