// Passes datagrams between a laptop's stream and one address in the cluster.

import type { Duplex } from 'node:stream';
import { createDatagramReader, frameDatagram, openDatagramSocket, resultOfError } from '../../protocol/index.ts';
import type { TellResult } from './join-connection.ts';

/** A flow that has been silent for so long is over: its laptop hears the end, and closes. */
const IDLE_MS = 120_000;
/** Datagrams for a laptop that takes none: the rest is dropped, as a network does. */
const MAX_UNSENT_BYTES = 1 << 20;

/** Calls `tell` once. Resets the stream when the far side says that nobody listens. */
export function joinDatagrams(stream: Duplex, to: { host: string; port: number }, tell: TellResult): void {
  let isOpen = false;
  const idle = setTimeout(() => stream.end(), IDLE_MS);
  const socket = openDatagramSocket(to, {
    onOpen() {
      isOpen = true;
      tell('connected');
      const read = createDatagramReader((datagram) => {
        idle.refresh();
        socket.send(datagram);
      });
      stream.on('data', read);
      stream.on('end', () => stream.end());
    },
    onMessage(datagram) {
      idle.refresh();
      if (stream.writable && stream.writableLength < MAX_UNSENT_BYTES) stream.write(frameDatagram(datagram));
    },
    onError(error) {
      clearTimeout(idle);
      if (isOpen) stream.destroy();
      else tell(resultOfError(error), `${to.host} port ${to.port}: ${error.message}`);
    },
  });
  stream.on('close', () => {
    clearTimeout(idle);
    socket.close();
  });
}
