// Waits for the ClientHello at the beginning of a connection and leaves the connection as if nothing had been read.

import type { Duplex } from 'node:stream';
import { type ClientHello, MAX_CLIENT_HELLO_BYTES, parseClientHello } from './client-hello.ts';

/** A client sends its ClientHello right after connecting; who takes longer only holds resources. */
export const CLIENT_HELLO_TIMEOUT_MS = 5000;

/**
 * Resolves with what the client asked for; the stream is paused then and still has all its bytes. Resolves with undefined
 * when what came is no ClientHello, is too long, or took longer than `timeoutMs`: the caller should reset the connection.
 */
export function readClientHello(stream: Duplex, timeoutMs = CLIENT_HELLO_TIMEOUT_MS): Promise<ClientHello | undefined> {
  return new Promise((resolve) => {
    let seen: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    const giveUp = () => finish(undefined);

    function onData(chunk: Buffer): void {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const result = parseClientHello(seen);
      if (result === 'incomplete' && seen.length <= MAX_CLIENT_HELLO_BYTES) return;
      finish(typeof result === 'string' ? undefined : result);
    }

    function finish(hello: ClientHello | undefined): void {
      clearTimeout(timer);
      stream.off('data', onData).off('end', giveUp).off('error', giveUp).off('close', giveUp);
      stream.pause();
      if (hello !== undefined) stream.unshift(seen);
      resolve(hello);
    }

    stream.on('data', onData).on('end', giveUp).on('error', giveUp).on('close', giveUp);
  });
}
