// Packets for tests, written without the code that is tested.

import fc from 'fast-check';

export type TestPacket = {
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly source: Buffer;
  readonly destination: Buffer;
  /** With its checksum field zero. */
  readonly transport: Buffer;
  /** Options of the IPv4 header, or extension headers of IPv6; a multiple of 4 or 8 bytes. */
  readonly options?: Buffer;
};

const CHECKSUM_AT: ReadonlyMap<number, number> = new Map([
  [1, 2],
  [6, 16],
  [17, 6],
  [58, 2],
]);

export function writePacket(packet: TestPacket): Buffer {
  const { version, protocol, source, destination, options = Buffer.alloc(0) } = packet;
  const transport = Buffer.from(packet.transport);
  const at = CHECKSUM_AT.get(protocol) ?? 0;
  transport.writeUInt16BE(0, at);
  const pseudo = Buffer.concat([source, destination, Buffer.from([0, protocol, 0, 0])]);
  pseudo.writeUInt16BE(transport.length, pseudo.length - 2);
  transport.writeUInt16BE(slowChecksum(protocol === 1 ? transport : Buffer.concat([pseudo, transport])), at);
  const header = version === 4 ? writeIpv4(packet, options) : writeIpv6(packet, options);
  return Buffer.concat([header, transport]);
}

/** Whether all checksums of a packet without options are right. */
export function hasRightChecksums(packet: Buffer): boolean {
  const version = (packet[0] ?? 0) >> 4 === 4 ? 4 : 6;
  const [addresses, length, headerBytes] = version === 4 ? [12, 4, 20] : [8, 16, 40];
  const protocol = packet[version === 4 ? 9 : 6] ?? 0;
  const again = writePacket({
    version,
    protocol,
    source: packet.subarray(addresses, addresses + length),
    destination: packet.subarray(addresses + length, addresses + 2 * length),
    transport: packet.subarray(headerBytes),
  });
  const at = headerBytes + (CHECKSUM_AT.get(protocol) ?? 0);
  const isHeaderRight = version === 6 || slowChecksum(packet.subarray(0, 20)) === 0;
  return isHeaderRight && again.readUInt16BE(at) === packet.readUInt16BE(at);
}

export function tcpHeader(
  ports: [from: number, to: number],
  flags: number,
  sequence = 1,
  data = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(ports[0], 0);
  header.writeUInt16BE(ports[1], 2);
  header.writeUInt32BE(sequence, 4);
  header[12] = 0x50;
  header[13] = flags;
  return Buffer.concat([header, data]);
}

const anyPort = fc.integer({ min: 1, max: 65_535 });
const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Buffer.from(b));

/** Ends of a connection to somewhere that is not for many. */
export const anyEnds = fc.constantFrom<4 | 6>(4, 6).chain((version) =>
  fc.record({
    version: fc.constant(version),
    source: anyBytes(version === 4 ? 4 : 16),
    destination: anyBytes(version === 4 ? 4 : 16),
    ports: fc.tuple(anyPort, anyPort),
    sequence: fc.nat({ max: 0xffff_ffff }),
    data: fc.uint8Array({ maxLength: 99 }).map((bytes) => Buffer.from(bytes)),
  }),
);

/** RFC 1071 as it stands there, over 16-bit words one by one. */
function slowChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += bytes.readUInt8(at) * 256 + (at + 1 < bytes.length ? bytes.readUInt8(at + 1) : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return 0xffff - sum;
}

function writeIpv4({ source, destination, protocol, transport }: TestPacket, options: Buffer): Buffer {
  const header = Buffer.concat([Buffer.alloc(12), source, destination, options]);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(header.length + transport.length, 2);
  header[8] = 64;
  header[9] = protocol;
  header.writeUInt16BE(slowChecksum(header), 10);
  return header;
}

function writeIpv6({ source, destination, protocol, transport }: TestPacket, options: Buffer): Buffer {
  const header = Buffer.concat([Buffer.alloc(8), source, destination, options]);
  header[0] = 0x60;
  header.writeUInt16BE(options.length + transport.length, 4);
  header[6] = options.length > 0 ? 60 : protocol;
  header[7] = 64;
  return header;
}
