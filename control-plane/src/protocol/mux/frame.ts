// Frames of the tunnel: what they look like on the wire and nothing about what they mean for a stream.
// Header: type (1 byte), length of the payload (3), stream (4; 0 = the tunnel itself); big endian.

import { ProtocolError } from '../errors.ts';

export const FRAME = {
  /** Of the opener only: a new stream. Streams are numbered upwards from 1. */
  OPEN: 0,
  DATA: 1,
  /** No more data from this side; the other direction goes on. */
  END: 2,
  /** The stream is broken, both directions end. */
  RESET: 3,
  /** The sender of this frame takes so many more bytes on the stream (4 bytes). */
  WINDOW: 4,
  /** 8 bytes that the other side sends back as PONG. */
  PING: 5,
  PONG: 6,
  /** No new stream, please; those that are open live on. */
  GO_AWAY: 7,
} as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export const HEADER_BYTES = 8;
/** A longer chunk becomes several frames, so that one stream does not hold up the others. */
export const MAX_DATA_BYTES = 64 << 10;

const WINDOW_BYTES = 4;
const PING_BYTES = 8;
const CONTROL_BYTES: Readonly<Record<number, number>> = {
  [FRAME.OPEN]: 0,
  [FRAME.END]: 0,
  [FRAME.RESET]: 0,
  [FRAME.WINDOW]: WINDOW_BYTES,
  [FRAME.PING]: PING_BYTES,
  [FRAME.PONG]: PING_BYTES,
  [FRAME.GO_AWAY]: 0,
};

export type FrameHandler = {
  /** A part of a DATA frame as it arrived; it shares memory with the chunk. */
  onData(stream: number, part: Buffer): void;
  /** `value`: the credit of a WINDOW frame, the content of a PING or PONG, otherwise 0. */
  onControl(type: FrameType, stream: number, value: number): void;
};

export function buildFrameHeader(type: FrameType, stream: number, payloadBytes: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(header, type, stream, payloadBytes);
  return header;
}

/** A whole control frame; `value` as in FrameHandler. */
export function buildControlFrame(type: FrameType, stream: number, value = 0): Buffer {
  const payloadBytes = CONTROL_BYTES[type] ?? 0;
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payloadBytes);
  writeHeader(frame, type, stream, payloadBytes);
  if (payloadBytes === WINDOW_BYTES) frame.writeUInt32BE(value, HEADER_BYTES);
  if (payloadBytes === PING_BYTES) frame.writeDoubleBE(value, HEADER_BYTES);
  return frame;
}

function writeHeader(into: Buffer, type: FrameType, stream: number, payloadBytes: number): void {
  into.writeUInt32BE(((type << 24) | payloadBytes) >>> 0, 0);
  into.writeUInt32BE(stream, 4);
}

/**
 * Reads frames from chunks cut anywhere. Holds at most one header and one control payload; data goes on as it comes.
 * Throws ProtocolError TUNNEL_PROTOCOL_VIOLATED on anything that is not a frame; the tunnel must end then.
 */
export function createFrameReader(handler: FrameHandler): (chunk: Buffer) => void {
  const held = Buffer.alloc(HEADER_BYTES + PING_BYTES);
  let heldBytes = 0;
  let dataStream = 0;
  let dataLeft = 0;

  /** Takes bytes until a whole control frame or the header of a data frame is there. Returns the new position. */
  function takeFrame(chunk: Buffer, from: number): number {
    let at = copyInto(chunk, from, HEADER_BYTES);
    if (heldBytes < HEADER_BYTES) return at;
    const { type, stream, length } = readHeader(held);
    if (type === FRAME.DATA) {
      dataStream = stream;
      dataLeft = length;
      heldBytes = 0;
      return at;
    }
    at = copyInto(chunk, at, HEADER_BYTES + length);
    if (heldBytes === HEADER_BYTES + length) {
      heldBytes = 0;
      handler.onControl(type, stream, readValue(held, length));
    }
    return at;
  }

  function copyInto(chunk: Buffer, from: number, wanted: number): number {
    const copied = chunk.copy(held, heldBytes, from, from + Math.max(0, wanted - heldBytes));
    heldBytes += copied;
    return from + copied;
  }

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (dataLeft === 0) {
        at = takeFrame(chunk, at);
        continue;
      }
      const part = chunk.subarray(at, at + dataLeft);
      at += part.length;
      dataLeft -= part.length;
      handler.onData(dataStream, part);
    }
  };
}

function readHeader(header: Buffer): { type: FrameType; stream: number; length: number } {
  const type = header.readUInt8(0);
  const length = header.readUIntBE(1, 3);
  const stream = header.readUInt32BE(4);
  const isValid = type === FRAME.DATA ? length > 0 && length <= MAX_DATA_BYTES : CONTROL_BYTES[type] === length;
  if (!isValid) throw new ProtocolError('TUNNEL_PROTOCOL_VIOLATED', `frame of type ${type} with ${length} bytes`);
  return { type: type as FrameType, stream, length };
}

function readValue(frame: Buffer, length: number): number {
  if (length === WINDOW_BYTES) return frame.readUInt32BE(HEADER_BYTES);
  return length === PING_BYTES ? frame.readDoubleBE(HEADER_BYTES) : 0;
}
