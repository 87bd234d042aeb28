// A dialer on the machine's own network, so that what stands before dialers is tested with real connections.

import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { resetSocket } from '../../control-plane/src/protocol/reset-socket.ts';
import { DialError, type Dialer, type DialFailure, type Endpoint } from '../../kubectl-tp/src/outbound/dialer.ts';

export type DirectDialer = Dialer & {
  /** `127.0.0.1:80`, in the order in which they came. */
  readonly dialed: string[];
};

/** `failures`: addresses that fail in that way instead. */
export function createDirectDialer(failures: Readonly<Record<string, DialFailure>> = {}): DirectDialer {
  const dialed: string[] = [];
  return {
    dialed,
    connect({ host, port }: Endpoint, signal) {
      dialed.push(`${host}:${port}`);
      const failure = failures[host];
      if (failure !== undefined) return Promise.reject(new DialError(failure, `made to fail: ${failure}`));
      return new Promise((resolve, reject) => {
        const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
        const giveUp = () => socket.destroy(signal.reason);
        signal.addEventListener('abort', giveUp);
        socket.once('connect', () => {
          signal.removeEventListener('abort', giveUp);
          resolve(resetsWhenDestroyed(socket));
        });
        socket.once('error', (error: NodeJS.ErrnoException) => {
          const isRefused = error.code === 'ECONNREFUSED';
          reject(signal.aborted ? signal.reason : new DialError(isRefused ? 'refused' : 'unreachable', error.message));
        });
      });
    },
    openDatagrams({ host, port }, { onMessage, onClose }) {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      socket.on('message', onMessage);
      socket.on('error', () => {
        socket.close();
        onClose('refused');
      });
      socket.connect(port, host);
      let isOpen = false;
      const early: Buffer[] = [];
      socket.on('connect', () => {
        isOpen = true;
        for (const data of early) socket.send(data);
      });
      return {
        send: (data) => void (isOpen ? socket.send(data) : early.push(data)),
        close: () => socket.close(),
      };
    },
  };
}

/** As dialers promise; a socket ends in good order instead. */
function resetsWhenDestroyed(socket: Socket): Socket {
  const destroy = socket.destroy.bind(socket);
  let isResetting = false;
  socket.destroy = (error) => {
    if (isResetting || (socket.readableEnded && socket.writableFinished)) return destroy(error);
    isResetting = true;
    resetSocket(socket);
    return socket;
  };
  return socket;
}
