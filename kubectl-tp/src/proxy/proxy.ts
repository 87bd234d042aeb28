// A port on this machine through which programs reach the cluster that cannot join its network: SOCKS5 and HTTP, told
// apart by the first byte. Anybody on the machine can connect to it, so unfinished requests are bounded, and so is the time
// until a program has told the password, where there is one.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createWaitingRoom } from '@kubectl-tp/control-plane/protocol';
import type { Credentials } from './credentials.ts';
import type { Way } from './dial-by-name.ts';
import { createHttpProxy } from './http-proxy.ts';
import { readBytes } from './read-bytes.ts';
import { serveSocks } from './socks.ts';
import { SOCKS_VERSION } from './socks-message.ts';

/** Connections that have not asked for anything yet; browsers open some in advance. */
const MAX_UNFINISHED = 256;
/** Time to ask for something. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

export type ProxyOptions = Way & {
  /** Loopback unless said otherwise. */
  readonly host?: string;
  /** Without: whoever reaches the port may use it. */
  readonly credentials?: Credentials | undefined;
  /** 0: any that is free. */
  readonly port?: number;
  readonly maxUnfinished?: number;
  readonly handshakeTimeoutMs?: number;
};

export type Proxy = {
  readonly address: { readonly host: string; readonly port: number };
  /** Breaks all connections; resolves when the port is free. */
  close(): Promise<void>;
};

/** Resolves when it listens; rejects when it can't. */
export async function createProxy({
  dialer,
  lookup,
  host = '127.0.0.1',
  port = 0,
  credentials,
  maxUnfinished = MAX_UNFINISHED,
  handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS,
}: ProxyOptions): Promise<Proxy> {
  const way = { dialer, lookup };
  const open = new Set<Socket>();
  const timers = new Map<Socket, NodeJS.Timeout>();
  const unfinished = createWaitingRoom<Socket>(maxUnfinished, (program) => program.destroy());
  const http = createHttpProxy({ way, credentials, onRequest: finish });

  function finish(program: Socket): void {
    unfinished.leave(program);
    clearTimeout(timers.get(program));
    timers.delete(program);
  }

  async function serve(program: Socket): Promise<void> {
    const first = await readBytes(program, 1);
    if (first === undefined) return void program.destroy();
    program.unshift(first);
    if (first[0] === SOCKS_VERSION) await serveSocks(program, { way, credentials, onRequest: () => finish(program) });
    else http.emit('connection', program);
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (program) => {
    open.add(program);
    unfinished.enter(program);
    timers.set(
      program,
      setTimeout(() => program.destroy(), handshakeTimeoutMs),
    );
    program.on('error', () => program.destroy());
    program.once('close', () => {
      open.delete(program);
      finish(program);
    });
    serve(program).catch(() => program.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address() as AddressInfo;

  return {
    address: { host: bound.address, port: bound.port },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const program of open) program.destroy();
      await closed;
    },
  };
}
