// One connection inside the tunnel as a Duplex. An orderly end arrives as `end`, a broken stream as an error; `destroy`
// before both directions have ended resets the other side.

import { Duplex } from 'node:stream';
import { ProtocolError } from '../errors.ts';
import { FRAME, type FrameType, MAX_DATA_BYTES } from './frame.ts';

/** What a stream that nobody reads may hold in memory. Large enough for a round trip on a fast and near link. */
export const FIRST_WINDOW_BYTES = 256 << 10;
/** A stream whose reader keeps up may have that much on its way: 8 MiB carry 80 MB/s over 100 ms. */
export const MAX_WINDOW_BYTES = 8 << 20;

/** What a stream needs of its tunnel. */
export type StreamLink = {
  sendControl(type: FrameType, stream: number, value?: number): void;
  /** Calls back when the tunnel takes more. */
  sendData(stream: number, data: Buffer, sent: () => void): void;
  /** Asks for memory beyond the first window; what was granted is given back by `forget`. */
  borrow(bytes: number): boolean;
  forget(stream: number, borrowedBytes: number): void;
};

export class MuxStream extends Duplex {
  readonly #link: StreamLink;
  readonly #id: number;
  /** Bytes the other side still takes from us. */
  #credit = FIRST_WINDOW_BYTES;
  /** Bytes the other side may still send to us. */
  #room = FIRST_WINDOW_BYTES;
  #windowBytes = FIRST_WINDOW_BYTES;
  #continueWriting: (() => void) | undefined;
  #hasSentEnd = false;
  #hasReceivedEnd = false;
  #isReset = false;

  constructor(link: StreamLink, id: number) {
    super({ allowHalfOpen: true });
    this.#link = link;
    this.#id = id;
  }

  /** Data from the other side. Throws when it sent more than it was granted. */
  receive(data: Buffer): void {
    this.#room -= data.length;
    if (this.#room < 0 || this.#hasReceivedEnd) {
      throw new ProtocolError('TUNNEL_PROTOCOL_VIOLATED', `stream ${this.#id}: data beyond window or end`);
    }
    this.push(data);
    this.#grant();
  }

  receiveEnd(): void {
    this.#hasReceivedEnd = true;
    this.push(null);
  }

  receiveReset(): void {
    this.#isReset = true;
    this.destroy(new ProtocolError('CONNECTION_RESET'));
  }

  receiveCredit(bytes: number): void {
    this.#credit += bytes;
    const resume = this.#continueWriting;
    this.#continueWriting = undefined;
    resume?.();
  }

  /** The tunnel is gone: there is nobody to tell. */
  lose(cause: Error): void {
    this.#isReset = true;
    this.destroy(cause);
  }

  override _read(): void {
    this.#grant();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: () => void): void {
    const bytes = Math.min(chunk.length, this.#credit, MAX_DATA_BYTES);
    if (bytes === chunk.length) {
      this.#credit -= bytes;
      this.#link.sendData(this.#id, chunk, callback);
      return;
    }
    const writeRest = () => this._write(chunk.subarray(bytes), encoding, callback);
    if (bytes === 0) {
      this.#continueWriting = writeRest;
      return;
    }
    this.#credit -= bytes;
    this.#link.sendData(this.#id, chunk.subarray(0, bytes), writeRest);
  }

  override _final(callback: () => void): void {
    this.#hasSentEnd = true;
    this.#link.sendControl(FRAME.END, this.#id);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const isWhole = this.#hasSentEnd && this.#hasReceivedEnd;
    if (!isWhole && !this.#isReset) this.#link.sendControl(FRAME.RESET, this.#id);
    this.#link.forget(this.#id, this.#windowBytes - FIRST_WINDOW_BYTES);
    callback(error);
  }

  /** Grants what the reader has taken, half a window at a time; one that keeps up gets a larger window. */
  #grant(): void {
    if (this.#hasReceivedEnd || this.destroyed) return;
    const taken = this.#windowBytes - this.#room - this.readableLength;
    if (taken < this.#windowBytes / 2) return;
    const grown = this.#windowBytes < MAX_WINDOW_BYTES && this.#link.borrow(this.#windowBytes) ? this.#windowBytes : 0;
    this.#windowBytes += grown;
    this.#room += taken + grown;
    this.#link.sendControl(FRAME.WINDOW, this.#id, taken + grown);
  }
}
