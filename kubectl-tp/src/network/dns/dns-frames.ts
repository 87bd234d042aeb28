// DNS over a byte stream: each message has its length in two bytes in front (RFC 1035, 4.2.2; RFC 7766, 8).

import type { Duplex } from 'node:stream';

export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Ends with the other side's end, also in the middle of a message; throws the stream's error. Leaves it open. */
export async function* readFrames(stream: Duplex): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = endOfFrame(rest); end <= rest.length; end = endOfFrame(rest)) {
      yield rest.subarray(2, end);
      rest = rest.subarray(end);
    }
  }
}

/** Beyond the data when the length has not come yet. */
function endOfFrame(data: Buffer): number {
  return data.length < 2 ? 2 + data.length : 2 + data.readUInt16BE(0);
}
