// Which sessions have their tunnel here. The newest tunnel that works gets a session's new connections; one that was
// replaced carries what it has until that ends or the laptop proves dead.

import type { Duplex } from 'node:stream';
import { createMux, type MemoryBudget, type Mux } from '../protocol/index.ts';
import { MAX_CONNECTIONS_PER_SESSION, MAX_TUNNELS_PER_SESSION } from './limits.ts';

export type RegistryEvents = {
  /** The session can be reached through this relay. */
  onUp: (session: string) => void;
  /** It can no longer. */
  onDown: (session: string, reason: Error | undefined) => void;
};

export type SessionRegistry = {
  /** Takes over the upgraded connection of a laptop that has proven the session. */
  add(session: string, socket: Duplex): void;
  /** A new connection to the laptop, or why there is none. */
  open(session: string): Duplex | 'no-session' | 'too-many';
  /** The Session object is gone: so are its tunnels, at once. */
  end(session: string): void;
  /** Asks all laptops to go elsewhere and waits until their connections have ended, `drainMs` at most. */
  close(drainMs: number): Promise<void>;
};

type SessionTunnels = {
  /** Those that take new connections; the newest of which the laptop is known to have gets them. */
  open: Mux[];
  all: Mux[];
};

/**
 * A laptop tries two ways at once and drops the slower one, which may be the one that came here last; or our answer was
 * lost on its way. So a tunnel stays in reserve until the one after it has lived for so long and was heard of.
 */
const RESERVE_MS = 2000;

export function createSessionRegistry({
  onUp,
  onDown,
  memory,
}: RegistryEvents & { memory: MemoryBudget }): SessionRegistry {
  const sessions = new Map<string, SessionTunnels>();

  let isClosing = false;

  function add(session: string, socket: Duplex): void {
    // Asked before, proven too late.
    if (isClosing) return void socket.destroy();
    const tunnels = sessions.get(session) ?? { open: [], all: [] };
    sessions.set(session, tunnels);
    const mux: Mux = createMux(socket, {
      role: 'opener',
      memory,
      onGoAway: () => retire(session, mux, undefined),
      onClose: (reason) => {
        retire(session, mux, reason);
        forget(session, mux);
      },
    });
    const isFirst = tunnels.open.length === 0;
    tunnels.open.push(mux);
    tunnels.all.push(mux);
    if (tunnels.all.length > MAX_TUNNELS_PER_SESSION) tunnels.all[0]?.destroy();
    if (isFirst) onUp(session);
    else replaceOlderLater(tunnels, mux);
  }

  function replaceOlderLater(tunnels: SessionTunnels, mux: Mux): void {
    setTimeout(() => {
      if (hasAnswered(mux)) replaceOlder(tunnels, mux);
      else if (tunnels.open.includes(mux)) replaceOlderLater(tunnels, mux);
    }, RESERVE_MS).unref();
  }

  function replaceOlder(tunnels: SessionTunnels, mux: Mux): void {
    const older = tunnels.open.slice(0, Math.max(tunnels.open.indexOf(mux), 0));
    tunnels.open = tunnels.open.filter((other) => !older.includes(other));
    for (const other of older) other.goAway();
  }

  function retire(session: string, mux: Mux, reason: Error | undefined): void {
    const tunnels = sessions.get(session);
    if (!tunnels?.open.includes(mux)) return;
    tunnels.open = tunnels.open.filter((other) => other !== mux);
    if (tunnels.open.length === 0) onDown(session, reason);
  }

  function forget(session: string, mux: Mux): void {
    const tunnels = sessions.get(session);
    if (tunnels === undefined) return;
    tunnels.all = tunnels.all.filter((other) => other !== mux);
    if (tunnels.all.length === 0) sessions.delete(session);
  }

  return {
    add,
    open(session) {
      const tunnels = sessions.get(session);
      const newest = tunnels?.open.findLast(hasAnswered) ?? tunnels?.open.at(-1);
      if (tunnels === undefined || newest === undefined) return 'no-session';
      const connections = tunnels.all.reduce((sum, mux) => sum + mux.size, 0);
      return connections < MAX_CONNECTIONS_PER_SESSION ? newest.open() : 'too-many';
    },
    end(session) {
      for (const mux of sessions.get(session)?.all ?? []) mux.destroy();
    },
    async close(drainMs) {
      isClosing = true;
      const muxes = [...sessions.values()].flatMap(({ all }) => all);
      await Promise.all(muxes.map((mux) => mux.close(drainMs)));
    },
  };
}

/** The laptop has it: a ping of ours has come back. */
function hasAnswered({ roundTripMs }: Mux): boolean {
  return roundTripMs !== undefined;
}
