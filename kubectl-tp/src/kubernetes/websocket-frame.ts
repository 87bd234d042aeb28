// WebSocket frames (RFC 6455 section 5) as a port-forward needs them: binary messages and control frames; no text, no
// compression. Holds at most one frame header and one control payload.

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

const FINAL = 0x80;
const MASKED = 0x80;
const MAX_CONTROL_BYTES = 125;
const MAX_HEADER_BYTES = 10;
/** Far above what an API server sends (32 KiB); more is no port-forward. */
const MAX_FRAME_BYTES = 64 << 20;

/**
 * Header of a frame from the laptop. Its mask must be there; it is zero, so that the payload goes out as it is: the mask
 * protects old proxies on plain HTTP, and this connection is TLS.
 */
export function buildFrameHeader(opcode: number, payloadBytes: number, room = 0): Buffer {
  const sizeBytes = payloadBytes <= MAX_CONTROL_BYTES ? 0 : payloadBytes < 1 << 16 ? 2 : 8;
  const header = Buffer.allocUnsafe(2 + sizeBytes + 4 + room);
  header[0] = FINAL | opcode;
  header[1] = MASKED | (sizeBytes === 0 ? payloadBytes : sizeBytes === 2 ? 126 : 127);
  if (sizeBytes === 2) header.writeUInt16BE(payloadBytes, 2);
  if (sizeBytes === 8) header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  header.writeUInt32BE(0, 2 + sizeBytes);
  return header;
}

export type FrameHandler = {
  /** A part of a message as it arrived; `isStart`: its first bytes. */
  onData(part: Buffer, isStart: boolean): void;
  onControl(opcode: number, payload: Buffer): void;
};

type Header = { opcode: number; length: number };

/** Reads frames from chunks cut anywhere. Throws an Error that says what is wrong; the connection must end then. */
export function createFrameReader(handler: FrameHandler): (chunk: Buffer) => void {
  const held = Buffer.alloc(MAX_HEADER_BYTES);
  let heldBytes = 0;
  let frame: Header | undefined;
  let left = 0;
  let isStart = false;
  let control: Buffer[] = [];

  function takeHeader(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && frame === undefined) {
      held[heldBytes++] = chunk[at++] ?? 0;
      frame = parseHeader(held.subarray(0, heldBytes));
    }
    if (frame === undefined) return at;
    heldBytes = 0;
    left = frame.length;
    isStart = frame.opcode !== OPCODE.CONTINUATION;
    return at;
  }

  function takePayload({ opcode }: Header, part: Buffer): void {
    left -= part.length;
    if (isControl(opcode)) control.push(part);
    else if (part.length > 0) {
      handler.onData(part, isStart);
      isStart = false;
    }
    if (left > 0) return;
    frame = undefined;
    if (!isControl(opcode)) return;
    const payload = Buffer.concat(control);
    control = [];
    handler.onControl(opcode, payload);
  }

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (frame === undefined) at = takeHeader(chunk, at);
      if (frame === undefined) return;
      const part = chunk.subarray(at, at + left);
      at += part.length;
      takePayload(frame, part);
    }
  };
}

function parseHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < 2) return undefined;
  const opcode = bytes.readUInt8(0) & 0x0f;
  const short = bytes.readUInt8(1);
  if (short & MASKED) throw new Error('the server masks its frames');
  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + sizeBytes) return undefined;
  const length = sizeBytes === 0 ? short : sizeBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (length > (isControl(opcode) ? MAX_CONTROL_BYTES : MAX_FRAME_BYTES)) throw new Error(`frame of ${length} bytes`);
  return { opcode, length };
}

function isControl(opcode: number): boolean {
  return opcode >= OPCODE.CLOSE;
}
