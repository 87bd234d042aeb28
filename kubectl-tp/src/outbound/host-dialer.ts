// Reaches addresses by the laptop's own network, as a program outside of the cluster's network would.

import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { openDatagramSocket, resultOfError } from '@kubectl-tp/control-plane/protocol';
import { type DatagramFlow, type DatagramHandlers, DialError, type Dialer, type Endpoint } from './dialer.ts';

/** Datagrams before the socket is there, which takes one turn of the event loop. */
const MAX_EARLY = 64;

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

function openOnHost(to: Endpoint, { onMessage, onClose }: DatagramHandlers): DatagramFlow {
  let early: Buffer[] | undefined = [];
  const socket = openDatagramSocket(to, {
    onOpen() {
      for (const data of early ?? []) socket.send(data);
      early = undefined;
    },
    onMessage,
    onError: (error) => onClose(resultOfError(error)),
  });
  return {
    send(data) {
      // The packet it comes from will be overwritten before the socket has sent it.
      const copy = Buffer.from(data);
      if (early === undefined) socket.send(copy);
      else if (early.length < MAX_EARLY) early.push(copy);
    },
    close: socket.close,
  };
}
