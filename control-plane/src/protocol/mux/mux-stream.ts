// One connection inside the tunnel as a Duplex. An orderly end arrives as `end`, a broken stream as an error; `destroy`
// before both directions have ended resets the other side.

import { Duplex } from 'node:stream';
import { ProtocolError } from '../errors.ts';
import { FRAME, type FrameType, MAX_DATA_BYTES } from './frame.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { createPartQueue } from './part-queue.ts';

/** What a stream that nobody reads may hold in memory. Large enough for a round trip on a fast and near link. */
export const FIRST_WINDOW_BYTES = 256 << 10;
/** A stream whose reader keeps up may have that much on its way: 8 MiB carry 80 MB/s over 100 ms. */
export const MAX_WINDOW_BYTES = 8 << 20;
/** A window is given back in so many parts: while one is on its way, the others keep the link busy. */
const GRANTS_PER_WINDOW = 4;
/** A long link has its whole window after three round trips; a stream begins with what it can't misuse. */
const GROWTH = 4;

/** What a stream needs of its tunnel. */
export type StreamLink = {
  /** Nothing more, please, until `writeOn` is called of those that waited for room. */
  readonly isFull: boolean;
  waitForRoom(stream: number): void;
  sendControl(type: FrameType, stream: number, value?: number): void;
  sendData(stream: number, data: Buffer): void;
  /** Asks for a larger window; what was granted is given back by `forget`. */
  borrow(bytes: number): boolean;
  forget(stream: number, borrowedBytes: number): void;
  /** For all data that streams hold. */
  readonly memory: MemoryBudget;
};

export class MuxStream extends Duplex {
  readonly #link: StreamLink;
  readonly #id: number;
  /** Received data beyond the part that Node holds for the reader. */
  readonly #unread = createPartQueue();
  #isReaderWaiting = true;
  /** Bytes the other side still takes from us. */
  #credit = FIRST_WINDOW_BYTES;
  /** Bytes the other side may still send to us. */
  #room = FIRST_WINDOW_BYTES;
  #windowBytes = FIRST_WINDOW_BYTES;
  /** What the reader has taken of a window of this size. */
  #takenBytes = 0;
  #continueWriting: (() => void) | undefined;
  /** What the budget knows of us. */
  #heldBytes = 0;
  #hasSentEnd = false;
  #hasReceivedEnd = false;
  #isReset = false;

  constructor(link: StreamLink, id: number) {
    // One part is enough for Node to hold: `#unread` keeps the rest in less memory.
    super({ allowHalfOpen: true, readableHighWaterMark: 1 });
    this.#link = link;
    this.#id = id;
  }

  /** Data from the other side. Throws when it sent more than it was granted. */
  receive(data: Buffer): void {
    this.#room -= data.length;
    if (this.#room < 0 || this.#hasReceivedEnd) {
      throw new ProtocolError('TUNNEL_PROTOCOL_VIOLATED', `stream ${this.#id}: data beyond window or end`);
    }
    if (this.destroyed) return;
    if (this.#isReaderWaiting) this.#isReaderWaiting = this.push(data);
    else this.#unread.add(data);
    this.#grant();
    this.#hold();
  }

  receiveEnd(): void {
    this.#hasReceivedEnd = true;
    if (this.#unread.bytes === 0) this.push(null);
  }

  receiveReset(): void {
    this.#isReset = true;
    this.destroy(new ProtocolError('CONNECTION_RESET'));
  }

  receiveCredit(bytes: number): void {
    this.#credit += bytes;
    this.writeOn();
  }

  /** There may be room for what waits to be written. */
  writeOn(): void {
    const write = this.#continueWriting;
    this.#continueWriting = undefined;
    write?.();
  }

  /** The tunnel is gone: there is nobody to tell. */
  lose(cause: Error): void {
    this.#isReset = true;
    this.destroy(cause);
  }

  override _read(): void {
    const part = this.#unread.take();
    this.#isReaderWaiting = part === undefined || this.push(part);
    if (this.#hasReceivedEnd && this.#unread.bytes === 0) this.push(null);
    this.#grant();
    this.#hold();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: () => void): void {
    const rest = this.#send(chunk);
    if (rest.length === 0) callback();
    else {
      this.#continueWriting = () => this._write(rest, encoding, callback);
      if (this.#credit > 0) this.#link.waitForRoom(this.#id);
    }
    this.#hold();
  }

  /** Sends what may go now; returns the rest. */
  #send(chunk: Buffer): Buffer {
    let rest = chunk;
    while (rest.length > 0 && this.#credit > 0 && !this.#link.isFull) {
      const bytes = Math.min(rest.length, this.#credit, MAX_DATA_BYTES);
      this.#credit -= bytes;
      this.#link.sendData(this.#id, rest.subarray(0, bytes));
      rest = rest.subarray(bytes);
    }
    return rest;
  }

  override _final(callback: () => void): void {
    this.#hasSentEnd = true;
    this.#link.sendControl(FRAME.END, this.#id);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const isWhole = this.#hasSentEnd && this.#hasReceivedEnd;
    if (!isWhole && !this.#isReset) this.#link.sendControl(FRAME.RESET, this.#id);
    // Nothing goes out behind the RESET, and what was to be written is held no longer.
    this.#continueWriting = undefined;
    this.#link.forget(this.#id, this.#windowBytes - FIRST_WINDOW_BYTES);
    this.#link.memory.change(-this.#heldBytes);
    this.#heldBytes = 0;
    callback(error);
  }

  /** Grants what the reader has taken, a part of the window at a time. */
  #grant(): void {
    if (this.#hasReceivedEnd || this.destroyed) return;
    const taken = this.#windowBytes - this.#room - this.#unreadBytes;
    if (taken < this.#windowBytes / GRANTS_PER_WINDOW) return;
    const granted = taken + this.#grow(taken);
    this.#room += granted;
    this.#link.sendControl(FRAME.WINDOW, this.#id, granted);
  }

  /** A reader that keeps up gets a larger window. Returns by how much it is larger now. */
  #grow(taken: number): number {
    this.#takenBytes += taken;
    if (this.#takenBytes < this.#windowBytes / 2) return 0;
    this.#takenBytes = 0;
    const grown = Math.min(this.#windowBytes * GROWTH, MAX_WINDOW_BYTES) - this.#windowBytes;
    if (grown === 0 || !this.#link.borrow(grown)) return 0;
    this.#windowBytes += grown;
    return grown;
  }

  get #unreadBytes(): number {
    return this.#unread.bytes + this.readableLength;
  }

  /** Tells the budget. When that is exceeded, streams go that add to it: who is read and written in time holds nothing. */
  #hold(): void {
    if (this.destroyed) return;
    const bytes = this.#unreadBytes + (this.#continueWriting === undefined ? 0 : this.writableLength);
    const added = bytes - this.#heldBytes;
    if (added === 0) return;
    this.#heldBytes = bytes;
    this.#link.memory.change(added);
    if (added > 0 && this.#link.memory.isExceeded) this.destroy();
  }
}
