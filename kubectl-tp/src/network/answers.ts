// Packets that the gateway writes by itself: datagrams, resets, and the errors of ICMP by which a program's socket
// learns why there is no connection.

import { checksumOf, sumWords, transportChecksum, updateChecksum } from './checksum.ts';
import {
  destinationAddress,
  destinationPort,
  type Ends,
  type Packet,
  PROTOCOL,
  sourceAddress,
  sourcePort,
  TCP_FLAG,
} from './packet.ts';

/** Why a packet did not arrive, as a router or the far machine tells it. */
export type Unreachable = 'network' | 'host' | 'port' | 'prohibited';

/**
 * Codes of "destination unreachable" (RFC 792 and RFC 1812, 5.2.7.1; RFC 4443, 3.1). Sockets make ENETUNREACH,
 * EHOSTUNREACH, ECONNREFUSED of the first three; of the last EHOSTUNREACH with IPv4, EACCES with IPv6.
 */
const UNREACHABLE_CODES = {
  4: { network: 0, host: 1, port: 3, prohibited: 13 },
  6: { network: 0, host: 3, port: 4, prohibited: 1 },
} as const;
const UNREACHABLE_TYPES = { 4: 3, 6: 1 } as const;
/** An error of ICMP carries the beginning of the packet that it is about, up to these sizes (RFC 1812, RFC 4443). */
const ERROR_BYTES = { 4: 576, 6: 1280 } as const;
/** What of a packet is worth keeping for such an error. */
export const MAX_QUOTED_BYTES = ERROR_BYTES[6];

const HOP_LIMIT = 64;
/** Five, in the upper half of a byte. */
const TCP_HEADER_WORDS = 0x50;
/** The largest packet there is. */
const MAX_PACKET_BYTES = 65_535;

/** Undefined when the data is too long for one packet. */
export function buildDatagram(ends: Ends, data: Buffer): Buffer | undefined {
  const packet = startPacket(PROTOCOL.udp, ends.source, ends.destination, 8 + data.length);
  if (packet === undefined) return undefined;
  const { buffer, transport } = packet;
  buffer.writeUInt16BE(ends.sourcePort, transport);
  buffer.writeUInt16BE(ends.destinationPort, transport + 2);
  buffer.writeUInt16BE(8 + data.length, transport + 4);
  data.copy(buffer, transport + 8);
  // Zero would say that there is no checksum (RFC 768).
  buffer.writeUInt16BE(transportChecksum(packet) || 0xffff, transport + 6);
  return buffer;
}

/** What a machine without such a connection answers (RFC 9293, 3.10.7.1); undefined to a reset. */
export function buildReset(packet: Packet): Buffer | undefined {
  const { buffer, transport, bytes } = packet;
  const flags = buffer[transport + 13] ?? 0;
  if (flags & TCP_FLAG.rst) return undefined;
  const reset = allocatePacket(PROTOCOL.tcp, destinationAddress(packet), sourceAddress(packet), 20);
  const at = reset.transport;
  reset.buffer.writeUInt16BE(destinationPort(packet), at);
  reset.buffer.writeUInt16BE(sourcePort(packet), at + 2);
  reset.buffer[at + 12] = TCP_HEADER_WORDS;
  if (flags & TCP_FLAG.ack) {
    buffer.copy(reset.buffer, at + 4, transport + 8, transport + 12);
    reset.buffer[at + 13] = TCP_FLAG.rst;
  } else {
    const headerBytes = ((buffer[transport + 12] ?? 0) >> 4) * 4;
    // SYN and FIN count as one byte each.
    const sent = bytes - transport - headerBytes + (flags & TCP_FLAG.syn ? 1 : 0) + (flags & TCP_FLAG.fin ? 1 : 0);
    reset.buffer.writeUInt32BE((buffer.readUInt32BE(transport + 4) + sent) >>> 0, at + 8);
    reset.buffer[at + 13] = TCP_FLAG.rst | TCP_FLAG.ack;
  }
  reset.buffer.writeUInt16BE(transportChecksum(reset), at + 16);
  return reset.buffer;
}

/** An empty segment whose sequence number is any: who has that connection answers with what it expects. */
export function buildChallenge(ends: Ends, sequence: number): Buffer {
  const segment = allocatePacket(PROTOCOL.tcp, ends.source, ends.destination, 20);
  const { buffer, transport } = segment;
  buffer.writeUInt16BE(ends.sourcePort, transport);
  buffer.writeUInt16BE(ends.destinationPort, transport + 2);
  buffer.writeUInt32BE(sequence, transport + 4);
  buffer[transport + 12] = TCP_HEADER_WORDS;
  buffer[transport + 13] = TCP_FLAG.ack;
  buffer.writeUInt16BE(transportChecksum(segment), transport + 16);
  return buffer;
}

/** `from` is the router that says so. */
export function buildUnreachable(packet: Packet, why: Unreachable, from: Buffer): Buffer | undefined {
  const { version } = packet;
  const headerBytes = (version === 4 ? 20 : 40) + 8;
  const quoted = packet.buffer.subarray(0, Math.min(packet.bytes, ERROR_BYTES[version] - headerBytes));
  const protocol = version === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  const error = startPacket(protocol, from, sourceAddress(packet), 8 + quoted.length);
  if (error === undefined) return undefined;
  const { buffer, transport } = error;
  buffer[transport] = UNREACHABLE_TYPES[version];
  buffer[transport + 1] = UNREACHABLE_CODES[version][why];
  quoted.copy(buffer, transport + 8);
  // ICMP has no pseudo header in IPv4.
  const checksum = version === 4 ? checksumOf(sumWords(buffer, transport, error.bytes)) : transportChecksum(error);
  buffer.writeUInt16BE(checksum, transport + 2);
  return buffer;
}

const ECHO_REQUEST = { 4: 8, 6: 128 } as const;
const ECHO_REPLY = { 4: 0, 6: 129 } as const;

export function isEchoRequest({ version, protocol, buffer, transport }: Packet): boolean {
  if (protocol !== (version === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6)) return false;
  return buffer[transport] === ECHO_REQUEST[version];
}

/** Turns a request into its reply, in place: ends exchanged, the rest as it came. */
export function turnIntoEchoReply(packet: Packet): void {
  const { buffer, version, addresses, addressBytes, transport } = packet;
  const source = sourceAddress(packet);
  buffer.copyWithin(addresses, addresses + addressBytes, addresses + 2 * addressBytes);
  source.copy(buffer, addresses + addressBytes);
  buffer[transport] = ECHO_REPLY[version];
  const checksum = buffer.readUInt16BE(transport + 2);
  const updated = updateChecksum(checksum, ECHO_REQUEST[version] << 8, ECHO_REPLY[version] << 8);
  buffer.writeUInt16BE(updated, transport + 2);
}

/** Undefined when that is too long for one packet. */
function startPacket(protocol: number, source: Buffer, destination: Buffer, payload: number): Packet | undefined {
  const isTooLong = (source.length === 4 ? 20 : 40) + payload > MAX_PACKET_BYTES;
  return isTooLong ? undefined : allocatePacket(protocol, source, destination, payload);
}

/** Headers written, the transport's part all zero. */
function allocatePacket(protocol: number, source: Buffer, destination: Buffer, payload: number): Packet {
  const version = source.length === 4 ? 4 : 6;
  const transport = version === 4 ? 20 : 40;
  const bytes = transport + payload;
  const buffer = Buffer.alloc(bytes);
  const addresses = version === 4 ? 12 : 8;
  source.copy(buffer, addresses);
  destination.copy(buffer, addresses + source.length);
  if (version === 4) writeIpv4Header(buffer, protocol);
  else writeIpv6Header(buffer, protocol, payload);
  return { buffer, bytes, version, protocol, addresses, addressBytes: version === 4 ? 4 : 16, transport };
}

/** After the addresses, which its checksum covers. */
function writeIpv4Header(buffer: Buffer, protocol: number): void {
  buffer[0] = 0x45; // version 4, five words
  buffer.writeUInt16BE(buffer.length, 2);
  buffer[6] = 0x40; // not to be fragmented
  buffer[8] = HOP_LIMIT;
  buffer[9] = protocol;
  buffer.writeUInt16BE(checksumOf(sumWords(buffer, 0, 20)), 10);
}

function writeIpv6Header(buffer: Buffer, protocol: number, payload: number): void {
  buffer[0] = 0x60;
  buffer.writeUInt16BE(payload, 4);
  buffer[6] = protocol;
  buffer[7] = HOP_LIMIT;
}
