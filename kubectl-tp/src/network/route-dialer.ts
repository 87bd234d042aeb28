// Decides for each address which way it is reached: the cluster's through a relay, the laptop's own by loopback, all
// others by the laptop's network.

import { LOCALHOST } from '../localhost.ts';
import type { Dialer, Endpoint } from '../outbound/dialer.ts';
import { DialError } from '../outbound/dialer.ts';

export type RouteOptions = {
  readonly cluster: Dialer;
  readonly host: Dialer;
  readonly isCluster: (address: string) => boolean;
  /** Addresses that stand for the laptop itself, whose programs listen on loopback. */
  readonly laptop: readonly string[];
};

export function createRouteDialer({ cluster, host, isCluster, laptop }: RouteOptions): Dialer {
  const dialerOf = (address: string) => (isCluster(address) ? cluster : host);
  return {
    connect(to, signal) {
      return laptop.includes(to.host) ? connectLoopback(host, to, signal) : dialerOf(to.host).connect(to, signal);
    },
    openDatagrams(to, handlers) {
      const [loopback] = LOCALHOST;
      return laptop.includes(to.host)
        ? host.openDatagrams({ ...to, host: loopback }, handlers)
        : dialerOf(to.host).openDatagrams(to, handlers);
    },
  };
}

async function connectLoopback(host: Dialer, { port }: Endpoint, signal: AbortSignal) {
  const [first, second] = LOCALHOST;
  try {
    return await host.connect({ host: first, port }, signal);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    return host.connect({ host: second, port }, signal);
  }
}
