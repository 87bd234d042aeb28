// Connects to the port that an intercept leads to: of the laptop, or of a command's own network there.

import { connect, type Socket } from 'node:net';
import { LOCALHOST } from '../localhost.ts';

export type LocalTarget =
  | { readonly host: string; readonly port: number }
  | { readonly inside: InsideDialer; readonly port: number };

/** Dials ports of a command's own network, by its loopback. */
export type InsideDialer = {
  /** Resolves with undefined when nobody accepts or the signal is aborted. */
  dial(port: number, signal: AbortSignal): Promise<Socket | undefined>;
};

/** An application on this machine that does not accept within this time is as good as absent. */
const CONNECT_TIMEOUT_MS = 3000;

/** Resolves with undefined when nobody accepts or the signal is aborted. `localhost` means IPv4, then IPv6. */
export async function dialLocal(target: LocalTarget, signal: AbortSignal): Promise<Socket | undefined> {
  if ('inside' in target) return target.inside.dial(target.port, signal);
  const { host, port } = target;
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
