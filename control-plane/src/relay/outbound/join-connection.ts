// Dials an address in the cluster and joins the connection with a laptop's stream.

import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type DialResult, resetSocket, resultOfError, splice } from '../../protocol/index.ts';

/** In a pod a connection that nobody answers takes two minutes to fail; a person at a laptop should know sooner. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Firewalls between nodes forget connections that say nothing. */
const KEEP_ALIVE_AFTER_MS = 30_000;

export type TellResult = (result: DialResult, reason?: string) => void;

export type ConnectionOptions = {
  readonly host: string;
  readonly port: number;
  /** Goes to the far side before what the laptop sends. */
  readonly header?: Buffer;
  readonly timeoutMs?: number;
};

/** Calls `tell` at most once, before any byte of the far side goes into the stream; not if the stream closes first. */
export function joinConnection(
  stream: Duplex,
  { host, port, header, timeoutMs = CONNECT_TIMEOUT_MS }: ConnectionOptions,
  tell: TellResult,
): void {
  const socket = dial(host, port);
  const giveUp = () => socket.destroy();
  const timer = setTimeout(() => fail(`Nothing answers at ${host} port ${port}.`, 'timeout'), timeoutMs);

  function settle(): void {
    clearTimeout(timer);
    stream.off('close', giveUp);
    socket.off('error', onError).off('close', settle);
  }

  function fail(reason: string, result: DialResult): void {
    settle();
    socket.on('error', giveUp);
    socket.destroy();
    tell(result, reason);
  }

  function onError(error: NodeJS.ErrnoException): void {
    fail(`${host} port ${port}: ${error.message}`, resultOfError(error));
  }

  socket.on('error', onError).on('close', settle);
  stream.on('close', giveUp);
  socket.once('connect', () => {
    settle();
    tell('connected');
    if (header !== undefined) socket.write(header);
    splice({ stream, reset: () => stream.destroy() }, { stream: socket, reset: () => resetSocket(socket) });
  });
}

function dial(host: string, port: number): Socket {
  return connect({
    host,
    port,
    noDelay: true,
    allowHalfOpen: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
    autoSelectFamily: false,
  });
}
