// How the laptop's side of a network reaches addresses in the cluster, or elsewhere; what stands behind it is a relay,
// or the laptop's own network.

import type { Duplex } from 'node:stream';

/** `host` is an IPv4 or IPv6 address, never a name: names are the resolver's business. */
export type Endpoint = { readonly host: string; readonly port: number };

/** Why there is no connection, in the words a socket would have for it. */
export type DialFailure =
  /** A reset came back: nobody listens there. */
  | 'refused'
  /** There is no way to that address. */
  | 'unreachable'
  /** Nothing came back. */
  | 'timeout'
  /** The session may not go there. */
  | 'denied'
  /** The way to the cluster is down. */
  | 'lost';

export class DialError extends Error {
  readonly failure: DialFailure;

  constructor(failure: DialFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DialError';
    this.failure = failure;
  }
}

/** Datagrams to and from one address and port. */
export type DatagramFlow = {
  /** Dropped, as networks do, when the way is congested. */
  send(data: Buffer): void;
  close(): void;
};

export type DatagramHandlers = {
  readonly onMessage: (data: Buffer) => void;
  /** Once, when the flow has ended without `close`: with `refused`, nobody listens there. */
  readonly onClose: (failure: DialFailure) => void;
};

export type Dialer = {
  /**
   * Resolves when the far side has accepted. The stream has half-close; destroying it before both directions have ended
   * resets the far side, and a reset from there is an error of the stream. Throws DialError, or the signal's reason.
   */
  connect(to: Endpoint, signal: AbortSignal): Promise<Duplex>;
  openDatagrams(to: Endpoint, handlers: DatagramHandlers): DatagramFlow;
};
