// Connects to the port on the laptop that an intercept leads to.

import { connect, type Socket } from 'node:net';

export type LocalTarget = { host: string; port: number };

/** An application on this machine that does not accept within this time is as good as absent. */
const CONNECT_TIMEOUT_MS = 3000;
/** Many development servers listen on one of the two only. */
const LOCALHOST = ['127.0.0.1', '::1'];

/** Resolves with undefined when nobody accepts or the signal is aborted. `localhost` means IPv4, then IPv6. */
export async function dialLocal({ host, port }: LocalTarget, signal: AbortSignal): Promise<Socket | undefined> {
  for (const address of host === 'localhost' ? LOCALHOST : [host]) {
    const socket = await dial(address, port, signal);
    if (socket !== undefined) return socket;
  }
  return undefined;
}

function dial(host: string, port: number, signal: AbortSignal): Promise<Socket | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true, autoSelectFamily: false });
    const fail = () => {
      finish();
      socket.destroy();
      resolve(undefined);
    };
    const finish = () => {
      clearTimeout(limit);
      signal.removeEventListener('abort', fail);
    };
    const limit = setTimeout(fail, CONNECT_TIMEOUT_MS);
    signal.addEventListener('abort', fail);
    socket.on('error', fail);
    socket.once('connect', () => {
      finish();
      resolve(socket);
    });
  });
}
