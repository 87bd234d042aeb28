// Passes datagrams between a laptop's stream and one address in the cluster.

import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { createDatagramReader, frameDatagram, resultOfError } from '../../protocol/index.ts';
import type { TellResult } from './join-connection.ts';

/** A flow that has been silent for so long is over; laptops end theirs earlier. */
const IDLE_MS = 120_000;
/** Datagrams for a laptop that takes none: the rest is dropped, as a network does. */
const MAX_UNSENT_BYTES = 1 << 20;

/** Calls `tell` once. Resets the stream when the far side says that nobody listens. */
export function joinDatagrams(stream: Duplex, { host, port }: { host: string; port: number }, tell: TellResult): void {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  let isConnected = false;
  const idle = setTimeout(() => stream.end(), IDLE_MS);

  function close(): void {
    clearTimeout(idle);
    stream.off('close', close);
    closeSocket(socket);
  }

  socket.on('error', (error) => {
    close();
    if (isConnected) stream.destroy();
    else tell(resultOfError(error), `${host} port ${port}: ${error.message}`);
  });
  socket.on('message', (datagram) => {
    idle.refresh();
    if (stream.writable && stream.writableLength < MAX_UNSENT_BYTES) stream.write(frameDatagram(datagram));
  });
  stream.on('close', close);
  socket.connect(port, host, () => {
    isConnected = true;
    tell('connected');
    const read = createDatagramReader((datagram) => {
      idle.refresh();
      socket.send(datagram);
    });
    stream.on('data', read);
    stream.on('end', () => stream.end());
  });
}

function closeSocket(socket: Socket): void {
  socket.removeAllListeners();
  socket.on('error', () => undefined);
  socket.close();
}
