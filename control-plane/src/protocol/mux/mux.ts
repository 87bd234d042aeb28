// The tunnel between a relay and a laptop: many streams over one connection, each with its own window, so that a reader
// that stalls holds up nobody else. One end opens streams: the relay for connections of agents, the laptop for its own
// into the cluster. Both ends ping. Knows nothing of what the streams carry.

import type { Duplex } from 'node:stream';
import { ProtocolError } from '../errors.ts';
import { buildControlFrame, buildFrameHeader, createFrameReader, FRAME, type FrameType } from './frame.ts';
import { createFrameBatch } from './frame-batch.ts';
import { createKeepAlive } from './keep-alive.ts';
import { createMemoryBudget, type MemoryBudget } from './memory-budget.ts';
import { MuxStream, type StreamLink } from './mux-stream.ts';

/**
 * Memory for windows beyond each stream's first, all streams of a tunnel together. A stream keeps what it has borrowed
 * until it ends, also while nothing comes: the other side was told that it may send that much.
 */
export const LARGE_WINDOWS_BYTES = 64 << 20;
/** A window may grow by that part of what is left: whoever comes late still gets something. */
const MAX_SHARE = 1 / 4;
const LAST_STREAM = 0xffff_ffff;
const FLUSH_LIMIT_MS = 1000;
/** Control frames that the other side has not taken; each of thousands of streams may have a few on their way. */
const MAX_UNSENT_BYTES = 1 << 20;
/** For tunnels of a process that names no budget of its own. */
const DEFAULT_MEMORY_BYTES = 128 << 20;

export type MuxOptions = {
  role: 'opener' | 'acceptor';
  /** Acceptor: the other end has opened a stream. */
  onStream?: (stream: Duplex) => void;
  /** The other side wants no new streams. */
  onGoAway?: () => void;
  /** Exactly once, with the reason unless the tunnel ended in good order. All streams have ended by then. */
  onClose: (reason: Error | undefined) => void;
  /** What the streams of all tunnels that share it may hold. */
  memory?: MemoryBudget;
};

export interface Mux {
  /** Streams open now. */
  readonly size: number;
  /** Last measured time of a ping and its answer. */
  readonly roundTripMs: number | undefined;
  /** Opener: a new stream; what is written goes out without waiting for the other end. */
  open(): Duplex;
  /** Asks the other side for no more streams. */
  goAway(): void;
  /** There is a reason to doubt: the tunnel is dead when nothing at all arrives within that time. */
  check(limitMs: number): void;
  /** Says goAway, ends when the last stream has ended or `drainMs` have passed. */
  close(drainMs: number): Promise<void>;
  destroy(reason?: Error): void;
}

/** Owns `socket` from now on. A half-closed socket counts as dead. */
export function createMux(socket: Duplex, options: MuxOptions): Mux {
  const { role, onStream, onGoAway, onClose, memory = createMemoryBudget(DEFAULT_MEMORY_BYTES) } = options;
  const streams = new Map<number, MuxStream>();
  const batch = createFrameBatch(socket);
  let lastStream = 0;
  let lentBytes = 0;
  let isClosed = false;
  /** Streams with something to write that found no room, whoever has waited longest first. */
  const waiting = new Set<number>();
  let onIdle: (() => void) | undefined;
  const keepAlive = createKeepAlive({
    ping: (stamp) => send(FRAME.PING, 0, stamp),
    onSilence: () => destroy(new ProtocolError('TUNNEL_SILENT')),
  });

  const link: StreamLink = {
    get isFull() {
      return batch.isFull;
    },
    waitForRoom: (id) => void waiting.add(id),
    memory,
    sendControl: send,
    sendData,
    borrow(bytes) {
      if (bytes > (LARGE_WINDOWS_BYTES - lentBytes) * MAX_SHARE) return false;
      lentBytes += bytes;
      return true;
    },
    forget(id, borrowedBytes) {
      streams.delete(id);
      waiting.delete(id);
      lentBytes -= borrowedBytes;
      if (streams.size === 0) onIdle?.();
    },
  };

  function addStream(id: number): MuxStream {
    const stream = new MuxStream(link, id);
    lastStream = id;
    streams.set(id, stream);
    return stream;
  }

  function send(type: FrameType, stream: number, value?: number): void {
    if (isClosed) return;
    batch.add(buildControlFrame(type, stream, value));
    if (batch.unsentBytes > MAX_UNSENT_BYTES) {
      destroy(new ProtocolError('TUNNEL_PROTOCOL_VIOLATED', 'it asks for answers and reads none'));
    }
  }

  function sendData(stream: number, data: Buffer): void {
    if (isClosed) return;
    batch.add(buildFrameHeader(FRAME.DATA, stream, data.length), data);
  }

  /** Whoever has had a turn and needs more room waits again, behind the others. */
  function onDrain(): void {
    for (const id of waiting) {
      if (batch.isFull) return;
      waiting.delete(id);
      streams.get(id)?.writeOn();
    }
  }

  /** A frame for a stream that has just ended here is late, one for a stream that never was is a violation. */
  function findStream(id: number): MuxStream | undefined {
    const stream = streams.get(id);
    if (stream === undefined && (id > lastStream || id === 0)) {
      throw new ProtocolError('TUNNEL_PROTOCOL_VIOLATED', `stream ${id} was never opened`);
    }
    return stream;
  }

  function onOpen(id: number): void {
    if (role === 'opener' || id <= lastStream) throw new ProtocolError('TUNNEL_PROTOCOL_VIOLATED', `open of ${id}`);
    const stream = addStream(id);
    // A stream that nobody looks at yet must not bring down the process when it breaks.
    stream.on('error', () => stream.destroy());
    onStream?.(stream);
  }

  function onControl(type: FrameType, id: number, value: number): void {
    // An earlier frame of the same chunk may have been the last.
    if (isClosed) return;
    if (type === FRAME.OPEN) onOpen(id);
    else if (type === FRAME.END) findStream(id)?.receiveEnd();
    else if (type === FRAME.RESET) findStream(id)?.receiveReset();
    else if (type === FRAME.WINDOW) findStream(id)?.receiveCredit(value);
    else if (type === FRAME.PING) send(FRAME.PONG, 0, value);
    else if (type === FRAME.PONG) keepAlive.onPong(value);
    else onGoAway?.();
  }

  const read = createFrameReader({ onData: (id, part) => findStream(id)?.receive(part), onControl });

  function onChunk(chunk: Buffer): void {
    keepAlive.onHeard();
    try {
      if (!isClosed) read(chunk);
    } catch (error) {
      destroy(error instanceof Error ? error : new ProtocolError('TUNNEL_PROTOCOL_VIOLATED'));
    }
  }

  function destroy(reason?: Error): void {
    if (isClosed) return;
    isClosed = true;
    keepAlive.close();
    const cause = new ProtocolError('TUNNEL_LOST', reason?.message, { cause: reason });
    for (const stream of [...streams.values()]) stream.lose(cause);
    socket.destroy();
    onClose(reason);
  }

  async function close(drainMs: number): Promise<void> {
    send(FRAME.GO_AWAY, 0);
    if (streams.size > 0 && !isClosed) await idle(drainMs);
    await new Promise<void>((resolve) => {
      socket.once('close', resolve);
      if (isClosed) return resolve();
      // What is already written goes out first, but a peer that reads nothing does not keep us.
      const limit = setTimeout(destroy, FLUSH_LIMIT_MS);
      batch.flush();
      socket.end(() => {
        clearTimeout(limit);
        destroy();
      });
    });
  }

  function idle(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, limitMs);
      // Who closes sooner than somebody before waits beside him.
      const others = onIdle;
      onIdle = () => {
        others?.();
        clearTimeout(limit);
        resolve();
      };
    });
  }

  socket.on('data', onChunk);
  socket.on('drain', onDrain);
  socket.on('error', (error) => destroy(error));
  for (const event of ['end', 'close']) {
    socket.on(event, () => destroy(new Error(`the connection of the tunnel said ${event}`)));
  }

  return {
    get size() {
      return streams.size;
    },
    get roundTripMs() {
      return keepAlive.roundTripMs;
    },
    open() {
      if (lastStream === LAST_STREAM) destroy(new ProtocolError('TUNNEL_LOST', 'numbers of streams are used up'));
      const stream = addStream(lastStream + 1);
      send(FRAME.OPEN, lastStream);
      if (isClosed) stream.lose(new ProtocolError('TUNNEL_LOST'));
      return stream;
    },
    goAway: () => send(FRAME.GO_AWAY, 0),
    check(limitMs) {
      if (!isClosed) keepAlive.check(limitMs);
    },
    close,
    destroy,
  };
}
