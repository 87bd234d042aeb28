// The outbound tunnels of laptops: which session has which, so that they end with it.

import type { Duplex } from 'node:stream';
import { createMux, type MemoryBudget, type Mux } from '../../protocol/index.ts';
import { MAX_OUTBOUND_STREAMS, MAX_OUTBOUND_TUNNELS } from '../limits.ts';
import type { DialOut } from './dial-out.ts';

export type OutboundTunnels = {
  /** Takes over the upgraded connection of a laptop that has proven the session. */
  add(session: string, socket: Duplex): void;
  /** The Session object is gone: so are its tunnels, at once. */
  end(session: string): void;
  /** Asks all laptops to go elsewhere and waits until their connections have ended, `drainMs` at most. */
  close(drainMs: number): Promise<void>;
};

export type OutboundTunnelsOptions = {
  /** What the streams of all tunnels may hold. */
  readonly memory: MemoryBudget;
  /** Hears of streams that broke by a defect here. */
  readonly onTrouble: (session: string, error: unknown) => void;
};

export function createOutboundTunnels(
  dialOut: DialOut,
  { memory, onTrouble }: OutboundTunnelsOptions,
): OutboundTunnels {
  const tunnels = new Map<string, Mux[]>();
  let isClosing = false;
  const of = (session: string) => tunnels.get(session) ?? [];

  function serve(session: string, stream: Duplex): void {
    const streams = of(session).reduce((sum, { size }) => sum + size, 0);
    if (streams > MAX_OUTBOUND_STREAMS) return void stream.destroy();
    dialOut(session, stream).catch((error: unknown) => {
      onTrouble(session, error);
      stream.destroy();
    });
  }

  function forget(session: string, mux: Mux): void {
    const left = of(session).filter((other) => other !== mux);
    if (left.length > 0) tunnels.set(session, left);
    else tunnels.delete(session);
  }

  return {
    add(session, socket) {
      if (isClosing) return void socket.destroy();
      const mux: Mux = createMux(socket, {
        role: 'acceptor',
        memory,
        onStream: (stream) => serve(session, stream),
        onClose: () => forget(session, mux),
      });
      const all = [...of(session), mux];
      tunnels.set(session, all);
      if (all.length > MAX_OUTBOUND_TUNNELS) all[0]?.destroy();
    },
    end(session) {
      for (const mux of of(session)) mux.destroy();
    },
    async close(drainMs) {
      isClosing = true;
      await Promise.all([...tunnels.values()].flat().map((mux) => mux.close(drainMs)));
    },
  };
}
