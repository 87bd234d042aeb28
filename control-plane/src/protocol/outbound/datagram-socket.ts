// A UDP socket for one address and port, none of whose troubles throws: neither a port nobody can have, nor a network
// that is not there.

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

export type DatagramSocketHandlers = {
  readonly onOpen: () => void;
  readonly onMessage: (datagram: Buffer) => void;
  /** Once, and nothing after it. `ECONNREFUSED`: nobody listens there. */
  readonly onError: (error: Error) => void;
};

export type DatagramSocket = {
  /** One that can't be sent is lost, as on any network. The memory must not change before the next turn. */
  send(datagram: Buffer): void;
  close(): void;
};

export function openDatagramSocket(
  { host, port }: { host: string; port: number },
  { onOpen, onMessage, onError }: DatagramSocketHandlers,
): DatagramSocket {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  let state: 'connecting' | 'open' | 'closed' = 'connecting';

  function close(): void {
    if (state === 'closed') return;
    state = 'closed';
    socket.removeAllListeners().on('error', () => undefined);
    socket.close();
  }

  function fail(error: Error): void {
    if (state === 'closed') return;
    close();
    onError(error);
  }

  socket.on('error', fail).on('message', onMessage);
  // Not by a callback of `connect`: it is called for failures, too, and then nobody hears of them.
  socket.once('connect', () => {
    state = 'open';
    onOpen();
  });
  try {
    socket.connect(port, host);
  } catch (error) {
    // Port 0. Told later, as any other trouble.
    setImmediate(() => fail(error instanceof Error ? error : new Error(String(error))));
  }
  return {
    send(datagram) {
      if (state !== 'open') return;
      socket.send(datagram, (error) => {
        // What came back for an earlier datagram is told with a later one.
        if (error !== null && 'code' in error && error.code === 'ECONNREFUSED') fail(error);
      });
    },
    close,
  };
}
