// A connection to a port of a pod through the API server, as one Duplex: WebSocket subprotocol v4.channel.k8s.io.
// The protocol has no half-close: an end of either side is the end of both.

import { Duplex } from 'node:stream';
import { TpError } from '../errors.ts';
import type { ApiAccess } from './upgrade.ts';
import { openWebSocket } from './websocket.ts';
import { buildFrameHeader, createFrameReader, OPCODE } from './websocket-frame.ts';

const SUBPROTOCOL = 'v4.channel.k8s.io';
const DATA_CHANNEL = 0;
const ERROR_CHANNEL = 1;
/** Each channel begins with the number of the port, which we know. */
const PORT_BYTES = 2;
/** Load balancers cut upgraded connections that are idle for a minute or more. */
const PING_INTERVAL_MS = 20_000;
const MAX_ERROR_BYTES = 4096;
const CLOSE_NORMAL = Buffer.from([0x03, 0xe8]);

export type PodPort = { namespace: string; pod: string; port: number };

/**
 * Opens the port-forward. Throws TpError (no right, no such pod, API server away) or the signal's reason. A port that
 * nobody listens on shows only later, as an error of the stream. The caller owns the stream; the signal no longer counts.
 */
export async function portForward(access: ApiAccess, target: PodPort, signal: AbortSignal): Promise<Duplex> {
  const { namespace, pod, port } = target;
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`;
  const socket = await openWebSocket(access, { path, protocol: SUBPROTOCOL, signal });
  const stream = new PortForwardStream(socket, target);
  // Whoever uses it hears of its end; one that nobody uses yet, or any more, must not end the process.
  stream.on('error', () => undefined);
  return stream;
}

class PortForwardStream extends Duplex {
  readonly #socket: Duplex;
  readonly #target: PodPort;
  readonly #pings: NodeJS.Timeout;
  #hasHeard = true;
  #hasEnded = false;
  #channel = DATA_CHANNEL;
  #toSkip: [number, number] = [PORT_BYTES, PORT_BYTES];
  #errorText = '';

  constructor(socket: Duplex, target: PodPort) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#target = target;
    const read = createFrameReader({
      onData: (part, isStart) => this.#onData(part, isStart),
      onControl: (opcode, payload) => this.#onControl(opcode, payload),
    });
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk, read));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.#onSocketClose());
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#send([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: () => void): void {
    this.#sendControl(OPCODE.CLOSE, CLOSE_NORMAL);
    // The server may have closed in the meantime; there is nobody left to tell.
    if (this.#socket.destroyed) callback();
    else this.#socket.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearInterval(this.#pings);
    this.#socket.destroy();
    callback(error);
  }

  /** One frame for all that is waiting. */
  #send(chunks: Buffer[], callback: () => void): void {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const header = buildFrameHeader(OPCODE.BINARY, 1 + bytes, 1);
    header[header.length - 1] = DATA_CHANNEL;
    // One buffer: TLS would join them anyway, a part at a time.
    const hasRoom = this.#socket.write(Buffer.concat([header, ...chunks]));
    if (hasRoom) callback();
    else this.#socket.once('drain', callback);
  }

  #sendControl(opcode: number, payload: Buffer): void {
    if (this.#socket.writable) this.#socket.write(Buffer.concat([buildFrameHeader(opcode, payload.length), payload]));
  }

  #onChunk(chunk: Buffer, read: (chunk: Buffer) => void): void {
    this.#hasHeard = true;
    try {
      read(chunk);
    } catch (cause) {
      this.destroy(this.#failure('the API server broke the WebSocket protocol', cause));
    }
  }

  #onData(part: Buffer, isStart: boolean): void {
    const body = isStart ? part.subarray(1) : part;
    if (isStart) this.#channel = part.readUInt8(0);
    if (this.#channel !== DATA_CHANNEL && this.#channel !== ERROR_CHANNEL) return;
    const skipped = Math.min(this.#toSkip[this.#channel], body.length);
    this.#toSkip[this.#channel] -= skipped;
    const content = body.subarray(skipped);
    if (content.length === 0) return;
    if (this.#channel === ERROR_CHANNEL) this.#onErrorText(content);
    else if (!this.push(content)) this.#socket.pause();
  }

  #onErrorText(text: Buffer): void {
    this.#errorText = (this.#errorText + text.toString('utf8')).slice(0, MAX_ERROR_BYTES);
    this.destroy(this.#failure(this.#errorText.trim()));
  }

  #onControl(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.PING) this.#sendControl(OPCODE.PONG, payload);
    if (opcode === OPCODE.CLOSE) this.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    this.push(null);
    this.end();
  }

  /** Without a close frame before it, the connection was cut and bytes may be missing. */
  #onSocketClose(): void {
    if (!this.#hasEnded && !this.writableEnded) this.destroy(this.#failure('the connection broke off'));
    else if (!this.#hasEnded) this.#end();
  }

  #ping(): void {
    if (!this.#hasHeard) return void this.destroy(this.#failure('the API server answers no ping'));
    this.#hasHeard = false;
    this.#sendControl(OPCODE.PING, Buffer.alloc(0));
  }

  #failure(detail: string, cause?: unknown): TpError {
    const { namespace, pod, port } = this.#target;
    return new TpError('PORT_FORWARD_FAILED', `The port-forward to ${namespace}/${pod}:${port} failed: ${detail}`, {
      hint: `Look at the pod: kubectl get pod -n ${namespace} ${pod}`,
      cause,
    });
  }
}
