// The client of the bench: over plain TCP, over TLS with an agent's certificate that resumes its sessions as Envoy does,
// or over connections that somebody else opens.

import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ANSWER, DOWNLOAD_REQUEST, REQUEST, UPLOAD_ANSWER, UPLOAD_REQUEST } from './wire.ts';

export type Client = {
  /** Milliseconds of each request, over that many connections kept open. */
  keepAlive(connections: number, seconds: number): Promise<number[]>;
  /** The same, one connection for each request. */
  fresh(parallel: number, seconds: number): Promise<number[]>;
  /** Megabytes a second. */
  download(bytes: number): Promise<number>;
  upload(bytes: number): Promise<number>;
};

export type OpenConnection = () => Promise<Duplex>;

type ClientOptions = { host?: string; port: number; tls?: ConnectionOptions };

export function createClient({ tls, ...to }: ClientOptions): Client {
  return createClientOver(tls === undefined ? tcpOpener(to) : tlsOpener({ ...to, tls }));
}

export function tcpOpener({ host = '127.0.0.1', port }: ClientOptions): OpenConnection {
  return async () => {
    const socket = connectTcp({ port, host, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  };
}

function tlsOpener({ host = '127.0.0.1', port, tls }: ClientOptions): OpenConnection {
  let ticket: Buffer | undefined;
  return async () => {
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
  };
}

export function createClientOver(open: OpenConnection): Client {
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
    socket.write(`${DOWNLOAD_REQUEST}${bytes}\n`);
    await receive(socket, bytes);
    socket.destroy();
    return bytes / (performance.now() - startedAt) / 1000;
  }

  async function upload(bytes: number): Promise<number> {
    const piece = Buffer.alloc(64 << 10, 'x');
    const socket = await open();
    const startedAt = performance.now();
    socket.write(`${UPLOAD_REQUEST}${bytes}\n`);
    for (let left = bytes; left > 0; left -= piece.length) {
      if (!socket.write(piece.subarray(0, left))) await once(socket, 'drain');
    }
    await receive(socket, UPLOAD_ANSWER.length);
    socket.destroy();
    return bytes / (performance.now() - startedAt) / 1000;
  }

  return { keepAlive, fresh, download, upload };
}

async function askUntil(connection: Duplex, untilMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let startedAt = performance.now(); startedAt < untilMs; startedAt = performance.now()) {
    await ask(connection);
    times.push(performance.now() - startedAt);
  }
  return times;
}

/** One request, and its whole answer. */
export async function ask(connection: Duplex): Promise<void> {
  connection.write(REQUEST);
  await receive(connection, ANSWER.length);
}

/** So many bytes more; rejects when the connection ends before. */
function receive(connection: Duplex, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const lose = () => reject(new Error(`the connection ended after ${received} of ${bytes} bytes`));
    const onData = (chunk: Buffer) => {
      received += chunk.length;
      if (received < bytes) return;
      connection.off('data', onData).off('error', reject).off('close', lose);
      resolve();
    };
    connection.on('data', onData).on('error', reject).on('close', lose);
  });
}
