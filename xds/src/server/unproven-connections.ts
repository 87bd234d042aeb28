// Connections on which nobody has proven yet to be an agent: only so many, in all and of one address, and not for long.
// What agents have proven is not limited here.

import type { Socket } from 'node:net';
import type { DiscoveryLimits } from './limits.ts';

export type UnprovenConnections = {
  /** Destroys the socket and returns false if there are too many; else it is destroyed unless proven in time. */
  admit(socket: Socket): boolean;
  /** `peer` is `<address>:<port>` of the other side. */
  prove(peer: string): void;
  readonly count: number;
};

type Limits = Pick<DiscoveryLimits, 'maxUnprovenConnections' | 'maxUnprovenPerAddress' | 'proofTimeoutMs'>;
type Entry = { readonly address: string; readonly timer: NodeJS.Timeout };

export function createUnprovenConnections(limits: Limits): UnprovenConnections {
  const entries = new Map<string, Entry>();
  const perAddress = new Map<string, number>();

  function admit(socket: Socket): boolean {
    const { remoteAddress: address = '', remotePort } = socket;
    if (entries.size >= limits.maxUnprovenConnections || countOf(address) >= limits.maxUnprovenPerAddress) {
      socket.destroy();
      return false;
    }
    const peer = `${address}:${remotePort}`;
    // Its port may be in use again before the close of the one that had it is told.
    prove(peer);
    const timer = setTimeout(() => socket.destroy(), limits.proofTimeoutMs);
    const entry = { address, timer };
    entries.set(peer, entry);
    perAddress.set(address, countOf(address) + 1);
    socket.once('close', () => {
      if (entries.get(peer) === entry) prove(peer);
    });
    return true;
  }

  function prove(peer: string): void {
    const entry = entries.get(peer);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    entries.delete(peer);
    const rest = countOf(entry.address) - 1;
    if (rest > 0) perAddress.set(entry.address, rest);
    else perAddress.delete(entry.address);
  }

  function countOf(address: string): number {
    return perAddress.get(address) ?? 0;
  }

  return {
    admit,
    prove,
    get count() {
      return entries.size;
    },
  };
}
