// Reaches a relay without the API server, where the install has an address for that: under TLS, and known by its
// certificate. Behind the address may be a balancer that leads to any of the relays.

import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { buildRelayId } from '@kubectl-tp/control-plane/protocol';
import { TpError } from '../errors.ts';

/** Of connections that may lead to other relays: among four it then is hardly ever none. */
const MAX_DRAWS = 16;
/** For what a firewall swallows; by then a tunnel has long come by another way. */
const CONNECT_TIMEOUT_MS = 10_000;

export type DirectAddress = { readonly host: string; readonly port: number };

export type DirectDialerOptions = {
  /** Undefined where the install has none. */
  readonly addressOf: (relay: string) => DirectAddress | undefined;
  /** PEM: who issues relays' certificates. */
  readonly authority: () => string;
};

/** For a relay that has no address undefined, else what opens a connection to it. */
export type DirectDialer = (relay: string) => ((signal: AbortSignal) => Promise<Duplex>) | undefined;

export function createDirectDialer({ addressOf, authority }: DirectDialerOptions): DirectDialer {
  return (relay) => {
    const address = addressOf(relay);
    if (address === undefined) return undefined;
    return async (signal) => {
      for (let draw = 0; draw < MAX_DRAWS; draw++) {
        const connection = await dial({ ...address, relay, authority: authority() }, signal);
        if (connection !== undefined) return connection;
      }
      throw new TpError('TUNNEL_REFUSED', `${address.host}:${address.port} leads to other relays than ${relay}.`);
    };
  };
}

type Draw = DirectAddress & { readonly relay: string; readonly authority: string };

/** Undefined when it is another relay. */
function dial({ host, port, relay, authority }: Draw, signal: AbortSignal): Promise<Duplex | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex | undefined>();
  signal.throwIfAborted();
  let isOther = false;
  const socket = connect({
    ...{ host, port, ca: [authority], servername: relay, minVersion: 'TLSv1.3', noDelay: true },
    // Also where NODE_TLS_REJECT_UNAUTHORIZED says otherwise: the proof must not go to anybody else.
    rejectUnauthorized: true,
    checkServerIdentity(_name, { subjectaltname }) {
      isOther = subjectaltname !== `URI:${buildRelayId(relay)}`;
      return isOther ? new Error(`${subjectaltname} is not relay ${relay}`) : undefined;
    },
  });
  const abort = () => socket.destroy(signal.reason);
  const limit = setTimeout(() => socket.destroy(new Error('no answer')), CONNECT_TIMEOUT_MS);
  const settle = () => {
    clearTimeout(limit);
    signal.removeEventListener('abort', abort);
  };
  signal.addEventListener('abort', abort);
  socket.on('error', (cause) => {
    settle();
    if (isOther) resolve(undefined);
    else if (signal.aborted) reject(signal.reason);
    else
      reject(new TpError('TUNNEL_REFUSED', `No way to relay ${relay} by ${host}:${port}: ${cause.message}`, { cause }));
  });
  socket.once('secureConnect', () => {
    settle();
    resolve(socket);
  });
  return promise;
}
