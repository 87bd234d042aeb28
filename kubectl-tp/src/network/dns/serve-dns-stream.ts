// Answers the questions of one TCP connection: many at a time, each when it is ready (RFC 7766, 6.2.1).

import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { frameDatagram } from '@kubectl-tp/control-plane/protocol';
import { readFrames } from './dns-frames.ts';
import { MAX_PER_STREAM, STREAM_IDLE_MS } from './limits.ts';
import type { Resolver } from './resolver.ts';

/** Returns at once and ends the stream itself: after the other side's end, garbage, an error, or `idleMs` of silence. */
export function serveDnsStream(stream: Duplex, resolver: Resolver, { idleMs = STREAM_IDLE_MS } = {}): void {
  const answers = new Set<Promise<void>>();
  const closed = new AbortController();
  const idle = setTimeout(() => (answers.size === 0 ? stream.destroy() : idle.refresh()), idleMs);

  async function answer(question: Buffer): Promise<void> {
    const reply = await resolver.answer(question, 'tcp');
    if (reply.length === 0) stream.destroy();
    else if (stream.writable) stream.write(frameDatagram(reply));
  }

  async function serve(): Promise<void> {
    for await (const question of readFrames(stream)) {
      idle.refresh();
      const answered = answer(question).finally(() => answers.delete(answered));
      answers.add(answered);
      if (answers.size >= MAX_PER_STREAM) await Promise.race(answers);
      // Who does not read its answers is not read, either.
      if (stream.writableNeedDrain) await once(stream, 'drain', { signal: closed.signal });
    }
    await Promise.all(answers);
    stream.end();
  }

  // For errors while nobody reads.
  stream.on('error', () => undefined);
  stream.once('close', () => {
    clearTimeout(idle);
    closed.abort();
  });
  serve().catch(() => stream.destroy());
}
