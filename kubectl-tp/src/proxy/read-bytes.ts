// Reads so many bytes of a connection and leaves the rest in it, for those who take over.

import type { Readable } from 'node:stream';

/** Undefined when the stream ends before. */
export async function readBytes(stream: Readable, bytes: number): Promise<Buffer | undefined> {
  if (bytes === 0) return Buffer.alloc(0);
  for (;;) {
    const data: Buffer | null = stream.read(bytes);
    if (data?.length === bytes) return data;
    if (data !== null || stream.readableEnded || stream.destroyed) return undefined;
    await nextOf(stream);
  }
}

function nextOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of EVENTS) stream.off(event, done);
      resolve();
    };
    for (const event of EVENTS) stream.on(event, done);
  });
}

const EVENTS = ['readable', 'end', 'close'] as const;
