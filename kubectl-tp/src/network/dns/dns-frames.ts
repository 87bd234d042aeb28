// DNS messages off a byte stream: each has its length in two bytes in front (RFC 1035, 4.2.2; RFC 7766, 8), as datagrams
// inside of the tunnel have.

import type { Duplex } from 'node:stream';
import { createDatagramReader } from '@kubectl-tp/control-plane/protocol';

/** Ends with the other side's end, also in the middle of a message; throws the stream's error. Leaves it open. */
export async function* readFrames(stream: Duplex): AsyncGenerator<Buffer> {
  const messages: Buffer[] = [];
  const read = createDatagramReader((message) => messages.push(message));
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    read(chunk);
    yield* messages.splice(0);
  }
}
