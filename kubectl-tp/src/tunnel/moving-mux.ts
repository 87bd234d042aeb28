// The connections of one tunnel: the newest takes what is new, those before it keep what they have until that ends. So a
// tunnel can move without losing anything.

import type { Duplex } from 'node:stream';
import { createMux, type Mux, type MuxOptions } from '@kubectl-tp/control-plane/protocol';

/** A stream may live for days. */
const MOVED_DRAIN_MS = 7 * 24 * 3600_000;

export type MovingMux = {
  /** While there is a newest connection. */
  readonly current: Mux | undefined;
  take(connection: Duplex): void;
  /** Of all connections. */
  check(limitMs: number): void;
  close(drainMs: number): Promise<void>;
  destroy(): void;
};

/** `onGoAway` and `onClose` tell of the newest connection only. */
export function createMovingMux(options: MuxOptions): MovingMux {
  const all = new Set<Mux>();
  let newest: Mux | undefined;

  function start(connection: Duplex): Mux {
    const mux = createMux(connection, {
      ...options,
      onGoAway() {
        if (mux === newest) options.onGoAway?.();
        // The relay has learned of the newer one, and opens nothing here any more.
        else void mux.close(MOVED_DRAIN_MS);
      },
      onClose(reason) {
        all.delete(mux);
        if (mux !== newest) return;
        newest = undefined;
        options.onClose(reason);
      },
    });
    all.add(mux);
    return mux;
  }

  return {
    get current() {
      return newest;
    },
    take(connection) {
      const last = newest;
      newest = start(connection);
      if (options.role === 'opener') void last?.close(MOVED_DRAIN_MS);
    },
    check(limitMs) {
      for (const mux of all) mux.check(limitMs);
    },
    async close(drainMs) {
      await Promise.all([...all].map((mux) => mux.close(drainMs)));
    },
    destroy() {
      for (const mux of [...all]) mux.destroy();
    },
  };
}
