// A flow of datagrams through a stream of the outbound tunnel.

import type { Duplex } from 'node:stream';
import { createDatagramReader, frameDatagram, ProtocolError } from '@kubectl-tp/control-plane/protocol';
import { type DatagramFlow, type DatagramHandlers, DialError, type DialFailure } from './dialer.ts';

/** Datagrams that wait for the stream to open, and for a congested tunnel: the rest is dropped, as a network does. */
const MAX_UNSENT_BYTES = 1 << 20;

/** How datagrams lie in a stream. */
export type DatagramFraming = {
  frame(datagram: Buffer): Buffer;
  /** What cannot be read is told once. */
  createReader(onDatagram: (datagram: Buffer) => void, onInvalid: () => void): (chunk: Buffer) => void;
};

/** As relays have it. */
const LENGTHS: DatagramFraming = { frame: frameDatagram, createReader: createDatagramReader };

export function openDatagrams(
  open: (signal: AbortSignal) => Promise<Duplex>,
  { onMessage, onClose }: DatagramHandlers,
  { frame, createReader }: DatagramFraming = LENGTHS,
): DatagramFlow {
  const closing = new AbortController();
  let early: Buffer[] = [];
  let earlyBytes = 0;
  let stream: Duplex | undefined;

  function end(failure: DialFailure): void {
    if (closing.signal.aborted) return;
    closing.abort();
    stream?.destroy();
    onClose(failure);
  }

  function use(opened: Duplex): void {
    stream = opened;
    opened.on(
      'data',
      createReader(onMessage, () => end('lost')),
    );
    opened.on('error', (error) => end(isReset(error) ? 'refused' : 'lost'));
    // The relay ends a flow that has been silent for long: the next datagram needs another one.
    for (const event of ['end', 'close']) opened.on(event, () => end('lost'));
    for (const datagram of early) send(datagram);
    early = [];
  }

  function send(datagram: Buffer): void {
    if (closing.signal.aborted) return;
    if (stream !== undefined) {
      if (stream.writableLength < MAX_UNSENT_BYTES) stream.write(frame(datagram));
    } else if (earlyBytes < MAX_UNSENT_BYTES) {
      earlyBytes += datagram.length;
      // It may share memory with a packet that will be overwritten.
      early.push(Buffer.from(datagram));
    }
  }

  open(closing.signal).then(use, (error: unknown) => end(error instanceof DialError ? error.failure : 'lost'));
  return {
    send,
    close() {
      closing.abort();
      stream?.destroy();
    },
  };
}

/** The relay resets a flow whose far side says that nobody listens. */
function isReset(error: Error): boolean {
  return error instanceof ProtocolError && error.code === 'CONNECTION_RESET';
}
