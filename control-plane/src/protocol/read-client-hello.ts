// Waits for the ClientHello at the beginning of a connection and leaves the connection as if nothing had been read.

import type { Duplex } from 'node:stream';
import { type ClientHello, MAX_CLIENT_HELLO_BYTES, parseClientHello } from './client-hello.ts';
import { readPrefix } from './read-prefix.ts';

/** A client sends its ClientHello right after connecting; who takes longer only holds resources. */
const CLIENT_HELLO_TIMEOUT_MS = 5000;

/**
 * Resolves with what the client asked for; the stream still has all its bytes then. Resolves with undefined when what came
 * is no ClientHello, is too long, or took longer than `timeoutMs`: the caller should reset the connection.
 */
export function readClientHello(stream: Duplex, timeoutMs = CLIENT_HELLO_TIMEOUT_MS): Promise<ClientHello | undefined> {
  const parse = (bytes: Buffer) => {
    const hello = parseClientHello(bytes);
    return typeof hello === 'string' ? hello : { value: hello, bytes: 0 };
  };
  return readPrefix(stream, parse, { timeoutMs, maxBytes: MAX_CLIENT_HELLO_BYTES });
}
