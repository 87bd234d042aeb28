// Where things stand in an IP packet (RFC 791, RFC 8200). Looks at the headers alone; what is done with the packet is
// decided elsewhere.

import type { IpVersion } from '@kubectl-tp/control-plane/addresses';

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

export const TCP_FLAG = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const;

/** Ends of a connection or exchange, from the view of who sends. */
export type Ends = { source: Buffer; sourcePort: number; destination: Buffer; destinationPort: number };

/** A view: the buffer may belong to the device. All offsets count from the buffer's start. */
export type Packet = {
  readonly buffer: Buffer;
  /** Length by the header; the buffer may be longer. */
  readonly bytes: number;
  readonly version: IpVersion;
  readonly protocol: number;
  /** The source's address; the destination's follows. */
  readonly addresses: number;
  readonly addressBytes: 4 | 16;
  /** Where TCP, UDP or ICMP begins. */
  readonly transport: number;
};

/** Shortest header of what we look into. */
const TRANSPORT_BYTES: ReadonlyMap<number, number> = new Map([
  [PROTOCOL.icmp, 8],
  [PROTOCOL.icmpv6, 8],
  [PROTOCOL.tcp, 20],
  [PROTOCOL.udp, 8],
]);
/** Hop-by-hop and destination options: their second byte counts further units of 8 bytes. */
const IPV6_EXTENSIONS: readonly number[] = [0, 60];

/**
 * Undefined for what nobody can answer here: damaged packets, other protocols and fragments, which the interface's MTU
 * leaves to datagrams that fill it.
 */
export function parsePacket(buffer: Buffer, bytes: number): Packet | undefined {
  const packet = (buffer[0] ?? 0) >> 4 === 4 ? parseIpv4(buffer, bytes) : parseIpv6(buffer, bytes);
  if (packet === undefined) return undefined;
  const least = TRANSPORT_BYTES.get(packet.protocol);
  return least === undefined || packet.bytes - packet.transport < least ? undefined : packet;
}

export function sourceAddress({ buffer, addresses, addressBytes }: Packet): Buffer {
  return Buffer.from(buffer.subarray(addresses, addresses + addressBytes));
}

export function destinationAddress({ buffer, addresses, addressBytes }: Packet): Buffer {
  return Buffer.from(buffer.subarray(addresses + addressBytes, addresses + 2 * addressBytes));
}

export const sourcePort = ({ buffer, transport }: Packet): number => buffer.readUInt16BE(transport);
export const destinationPort = ({ buffer, transport }: Packet): number => buffer.readUInt16BE(transport + 2);

/** Broadcast and multicast (RFC 5771, RFC 4291): nobody answers there through a tunnel. */
export function isForMany({ buffer, addresses, addressBytes }: Packet): boolean {
  const first = buffer[addresses + addressBytes] ?? 0;
  return addressBytes === 4 ? first >= 224 : first === 0xff;
}

/** One string for both addresses and both ports of TCP or UDP. Those of IPv4 are shorter, so families never meet. */
export function flowKey({ buffer, addresses, addressBytes, transport }: Packet): string {
  const end = addresses + 2 * addressBytes;
  // Without options the ports follow the addresses.
  if (end === transport) return buffer.toString('latin1', addresses, transport + 4);
  return buffer.toString('latin1', addresses, end) + buffer.toString('latin1', transport, transport + 4);
}

/** The same, of ends. */
export function flowKeyOf({ source, sourcePort, destination, destinationPort }: Ends): string {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort, 0);
  ports.writeUInt16BE(destinationPort, 2);
  return Buffer.concat([source, destination, ports]).toString('latin1');
}

/** The packet, or its beginning, in memory of its own, which stays when the device takes its buffer back. */
export function copyPacket(packet: Packet, maxBytes = packet.bytes): Packet {
  const bytes = Math.min(packet.bytes, maxBytes);
  return { ...packet, bytes, buffer: Buffer.from(packet.buffer.subarray(0, bytes)) };
}

function parseIpv4(buffer: Buffer, received: number): Packet | undefined {
  if (received < 20) return undefined;
  const transport = ((buffer[0] ?? 0) & 0x0f) * 4;
  const bytes = buffer.readUInt16BE(2);
  const fragment = buffer.readUInt16BE(6) & 0x3fff;
  if (transport < 20 || bytes > received || fragment !== 0) return undefined;
  return { buffer, bytes, version: 4, protocol: buffer[9] ?? 0, addresses: 12, addressBytes: 4, transport };
}

function parseIpv6(buffer: Buffer, received: number): Packet | undefined {
  if ((buffer[0] ?? 0) >> 4 !== 6 || received < 40) return undefined;
  const bytes = 40 + buffer.readUInt16BE(4);
  if (bytes > received) return undefined;
  let protocol = buffer[6] ?? 0;
  let transport = 40;
  while (IPV6_EXTENSIONS.includes(protocol) && transport + 8 <= bytes) {
    protocol = buffer[transport] ?? 0;
    transport += ((buffer[transport + 1] ?? 0) + 1) * 8;
  }
  return { buffer, bytes, version: 6, protocol, addresses: 8, addressBytes: 16, transport };
}
