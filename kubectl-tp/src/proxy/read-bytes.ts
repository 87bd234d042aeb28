// Reads so many bytes of a connection and leaves the rest in it, for those who take over.

import type { Readable } from 'node:stream';

/** Undefined when the stream ends before. */
export function readBytes(stream: Readable, bytes: number): Promise<Buffer | undefined> {
  if (bytes === 0) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve) => {
    const look = () => {
      const data: Buffer | null = stream.read(bytes);
      if (data === null && !stream.readableEnded && !stream.destroyed) return;
      for (const event of EVENTS) stream.off(event, look);
      resolve(data?.length === bytes ? data : undefined);
    };
    // Once for the whole wait: each new listener is called at once when any data are there, enough or not.
    for (const event of EVENTS) stream.on(event, look);
    look();
  });
}

const EVENTS = ['readable', 'end', 'close'] as const;
