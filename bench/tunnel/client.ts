// The client of the bench: plain TCP, or TLS with an agent's certificate that resumes its sessions as Envoy does.

import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ANSWER, DOWNLOAD_REQUEST, REQUEST, UPLOAD_REQUEST } from './wire.ts';

export type Client = {
  /** Milliseconds of each request, over that many connections kept open. */
  keepAlive(connections: number, seconds: number): Promise<number[]>;
  /** The same, one connection for each request. */
  fresh(parallel: number, seconds: number): Promise<number[]>;
  /** Megabytes a second. */
  download(bytes: number): Promise<number>;
  upload(bytes: number): Promise<number>;
};

type ClientOptions = { host?: string; port: number; tls?: ConnectionOptions };

export function createClient({ host = '127.0.0.1', port, tls }: ClientOptions): Client {
  let ticket: Buffer | undefined;

  async function open(): Promise<Socket> {
    if (tls === undefined) {
      const socket = connectTcp({ port, host, noDelay: true, allowHalfOpen: true });
      await once(socket, 'connect');
      return socket;
    }
    const socket = connectTls({
      ...tls,
      port,
      host,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.3',
      checkServerIdentity: () => undefined,
      ...(ticket === undefined ? {} : { session: ticket }),
    });
    socket.setNoDelay(true);
    socket.on('session', (fresh: Buffer) => {
      ticket = fresh;
    });
    await once(socket, 'secureConnect');
    return socket;
  }

  async function keepAlive(connections: number, seconds: number): Promise<number[]> {
    const untilMs = performance.now() + seconds * 1000;
    const sockets = await Promise.all(Array.from({ length: connections }, open));
    const times = await Promise.all(sockets.map((socket) => askUntil(socket, untilMs)));
    for (const socket of sockets) socket.destroy();
    return times.flat();
  }

  async function fresh(parallel: number, seconds: number): Promise<number[]> {
    const untilMs = performance.now() + seconds * 1000;
    const times: number[] = [];
    const loop = async () => {
      while (performance.now() < untilMs) {
        const startedAt = performance.now();
        const socket = await open();
        await ask(socket);
        socket.destroy();
        times.push(performance.now() - startedAt);
      }
    };
    await Promise.all(Array.from({ length: parallel }, loop));
    return times;
  }

  async function download(bytes: number): Promise<number> {
    const socket = await open();
    const startedAt = performance.now();
    socket.write(`${DOWNLOAD_REQUEST}${bytes}`);
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await once(socket, 'end');
    socket.destroy();
    return received / (performance.now() - startedAt) / 1000;
  }

  async function upload(bytes: number): Promise<number> {
    const piece = Buffer.alloc(64 << 10, 'x');
    const socket = await open();
    const startedAt = performance.now();
    socket.write(UPLOAD_REQUEST);
    for (let sent = 0; sent < bytes; sent += piece.length) {
      if (!socket.write(piece)) await once(socket, 'drain');
    }
    socket.end();
    await once(socket, 'data');
    socket.destroy();
    return bytes / (performance.now() - startedAt) / 1000;
  }

  return { keepAlive, fresh, download, upload };
}

async function askUntil(socket: Socket, untilMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let startedAt = performance.now(); startedAt < untilMs; startedAt = performance.now()) {
    await ask(socket);
    times.push(performance.now() - startedAt);
  }
  return times;
}

function ask(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const onData = (chunk: Buffer) => {
      received += chunk.length;
      if (received < ANSWER.length) return;
      socket.off('data', onData).off('error', reject);
      resolve();
    };
    socket.on('data', onData).on('error', reject);
    socket.write(REQUEST);
  });
}
