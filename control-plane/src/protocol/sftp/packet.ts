// The form of SFTP packets: length, type, body of numbers and strings. Strings are bytes, which as `latin1` text stay
// what they are: names of files need not be UTF-8.

import { ProtocolError } from '../errors.ts';
import { MAX_PACKET_BYTES } from './words.ts';

/** Length and type; then, but for INIT and VERSION, the number of the request. */
export const TYPE_OFFSET = 4;
export const ID_OFFSET = 5;
export const BODY_OFFSET = 9;

export type PacketReader = {
  u32(): number;
  u64(): number;
  bytes(): Buffer;
  /** A string whose bytes are the characters. */
  text(): string;
  isAtEnd(): boolean;
};

/** Reads a whole packet from `offset` on. Its methods throw SFTP_MALFORMED where it is too short. */
export function createPacketReader(packet: Buffer, offset = BODY_OFFSET): PacketReader {
  let at = offset;
  const take = (bytes: number): number => {
    const start = at;
    at += bytes;
    if (at > packet.length) throw new ProtocolError('SFTP_MALFORMED', 'a packet is too short for what it holds');
    return start;
  };
  const u32 = () => packet.readUInt32BE(take(4));
  const bytes = () => {
    const length = u32();
    const start = take(length);
    return packet.subarray(start, start + length);
  };
  return {
    u32,
    u64: () => Number(packet.readBigUInt64BE(take(8))),
    bytes,
    text: () => bytes().toString('latin1'),
    isAtEnd: () => at === packet.length,
  };
}

/** Numbers of four bytes, strings (a text's characters are its bytes), and buffers as they are. */
export function buildPacket(type: number, id: number, ...parts: readonly (number | string | Buffer)[]): Buffer {
  return finishPacket(type, [buildU32(id), ...parts.map(toBytes)]);
}

/** INIT and VERSION have no number. */
export function buildVersionPacket(type: number, version: number, extensions: readonly string[] = []): Buffer {
  return finishPacket(type, [
    buildU32(version),
    ...extensions.flatMap((name) => [buildString(name), buildString('1')]),
  ]);
}

export function buildU32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function buildU64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function buildString(text: string | Buffer): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  return Buffer.concat([buildU32(bytes.length), bytes]);
}

function finishPacket(type: number, body: readonly Buffer[]): Buffer {
  const bytes = body.reduce((sum, part) => sum + part.length, 1);
  return Buffer.concat([buildU32(bytes), Buffer.of(type), ...body]);
}

function toBytes(part: number | string | Buffer): Buffer {
  if (typeof part === 'number') return buildU32(part);
  return typeof part === 'string' ? buildString(part) : part;
}

/** Takes a stream apart. The result is given each chunk and calls `onPacket` with each packet, its length included. */
export function createPacketSplitter(onPacket: (packet: Buffer) => void): (chunk: Buffer) => void {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let needed = TYPE_OFFSET;
  return (chunk) => {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    while (waitingBytes >= needed) {
      const bytes: Buffer = waiting.length === 1 && waiting[0] !== undefined ? waiting[0] : Buffer.concat(waiting);
      const end = packetEnd(bytes);
      if (bytes.length >= end) onPacket(bytes.subarray(0, end));
      const rest = bytes.length >= end ? bytes.subarray(end) : bytes;
      waiting = rest.length === 0 ? [] : [rest];
      waitingBytes = rest.length;
      needed = rest === bytes ? end : TYPE_OFFSET;
    }
  };
}

/** Throws SFTP_MALFORMED for what no packet can be. */
function packetEnd(bytes: Buffer): number {
  const length = bytes.readUInt32BE(0);
  if (length === 0 || length > MAX_PACKET_BYTES) {
    throw new ProtocolError('SFTP_MALFORMED', `a packet of ${length} bytes`);
  }
  return TYPE_OFFSET + length;
}
