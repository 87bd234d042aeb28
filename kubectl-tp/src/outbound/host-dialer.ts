// Reaches addresses by the laptop's own network, as a program outside of the cluster's network would.

import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { resultOfError } from '@kubectl-tp/control-plane/protocol';
import { type DatagramFlow, type DatagramHandlers, DialError, type Dialer, type Endpoint } from './dialer.ts';

export function createHostDialer(): Dialer {
  return { connect: connectOnHost, openDatagrams: openOnHost };
}

function connectOnHost({ host, port }: Endpoint, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true, autoSelectFamily: false });
    const abort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    const fail = (cause: Error) => {
      signal.removeEventListener('abort', abort);
      reject(new DialError(resultOfError(cause), cause.message, { cause }));
    };
    signal.addEventListener('abort', abort);
    socket.once('error', fail);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      // One that breaks before anybody uses it must not end the process.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

function openOnHost({ host, port }: Endpoint, { onMessage, onClose }: DatagramHandlers): DatagramFlow {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  let isOpen = true;
  let early: Buffer[] | undefined = [];
  const close = () => {
    if (!isOpen) return false;
    isOpen = false;
    socket.removeAllListeners().on('error', () => undefined);
    socket.close();
    return true;
  };
  socket.on('message', onMessage);
  socket.on('error', (error) => {
    if (close()) onClose(resultOfError(error));
  });
  socket.connect(port, host, () => {
    for (const data of early ?? []) socket.send(data);
    early = undefined;
  });
  return {
    send(data) {
      // The packet it comes from will be overwritten before the socket has sent it.
      const copy = Buffer.from(data);
      if (early !== undefined) early.push(copy);
      else if (isOpen) socket.send(copy);
    },
    close: () => void close(),
  };
}
