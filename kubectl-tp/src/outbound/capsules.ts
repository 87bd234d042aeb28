// Datagrams as an agent takes them: in capsules (RFC 9297 section 3.2). Numbers there are of 1, 2, 4 or 8 bytes (RFC 9000
// section 16).

import type { DatagramFraming } from './datagrams.ts';

const DATAGRAM = 0;
/** The datagram is the packet's content, and no extension's (RFC 9298 section 4). */
const CONTENT = 0;
/** An agent sends none that are longer: more than any datagram. */
const MAX_CAPSULE_BYTES = 1 << 16;

export const CAPSULES: DatagramFraming = { frame: buildCapsule, createReader: createCapsuleReader };

function buildCapsule(datagram: Buffer): Buffer {
  // Four bytes hold any length (section 16: the first two bits tell how many there are).
  const head = Buffer.from([DATAGRAM, 0, 0, 0, 0, CONTENT]);
  head.writeUInt32BE(0x8000_0000 + 1 + datagram.length, 1);
  return Buffer.concat([head, datagram]);
}

/** Takes chunks cut anywhere; calls `onDatagram` for each whole datagram, and `onInvalid` when no more can be read. */
function createCapsuleReader(onDatagram: (datagram: Buffer) => void, onInvalid: () => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let rest = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (let capsule = readCapsule(rest); capsule !== undefined; capsule = readCapsule(rest)) {
      if (capsule === 'invalid') return onInvalid();
      rest = rest.subarray(capsule.bytes);
      const context = readNumber(capsule.value, 0);
      if (capsule.type === DATAGRAM && context?.value === CONTENT) onDatagram(capsule.value.subarray(context.end));
    }
    held = Buffer.from(rest);
  };
}

function readCapsule(bytes: Buffer): { type: number; value: Buffer; bytes: number } | 'invalid' | undefined {
  const type = readNumber(bytes, 0);
  const length = type && readNumber(bytes, type.end);
  if (type === undefined || length === undefined) return undefined;
  if (length.value > MAX_CAPSULE_BYTES) return 'invalid';
  const end = length.end + length.value;
  return bytes.length < end ? undefined : { type: type.value, value: bytes.subarray(length.end, end), bytes: end };
}

/** Undefined: more has to come. */
function readNumber(bytes: Buffer, start: number): { value: number; end: number } | undefined {
  const first = bytes[start];
  if (first === undefined) return undefined;
  const end = start + (1 << (first >> 6));
  if (bytes.length < end) return undefined;
  const value = bytes.subarray(start + 1, end).reduce((sum, byte) => sum * 256 + byte, first & 0x3f);
  return { value, end };
}
