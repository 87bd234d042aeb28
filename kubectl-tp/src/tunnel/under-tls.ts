// A stream of the tunnel as TLS can lie on it. Envoy ends its side inside TLS and not below it, and Node's TLS breaks off
// what it lies on when both sides have ended: bytes still on their way to the agent would be lost by a reset.

import { Duplex } from 'node:stream';

/** Both sides ended in good order: `stream` lives on until the agent has read all and ends it. Otherwise it is destroyed. */
export function underTls(stream: Duplex): Duplex {
  const below = new Duplex({
    read: () => void stream.resume(),
    write: (chunk, _encoding, done) => void stream.write(chunk, done),
    final: (done) => void stream.end(done),
    destroy(error, done) {
      if (error === null && stream.writableFinished) stream.resume();
      else stream.destroy();
      done(error);
    },
  });
  stream.on('data', (chunk) => {
    if (!below.destroyed && !below.push(chunk)) stream.pause();
  });
  stream.on('end', () => void below.push(null));
  stream.on('error', (error) => below.destroy(error));
  stream.on('close', () => {
    if (!stream.readableEnded) below.destroy();
  });
  return below;
}
