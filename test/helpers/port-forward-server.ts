// The API server's end of a port-forward: HTTPS, WebSocket subprotocol v4.channel.k8s.io, and whatever goes wrong.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ExecutionContext } from 'ava';
import { portOf } from './loopback.ts';
import { createTestCertificate } from './test-certificate.ts';

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MASK_BYTES = 4;

/** One open port-forward as the server sees it. */
export type ServedForward = {
  path: string;
  /** Sends a message on a channel, cut into frames as they are. */
  send(channel: number, data: Buffer): void;
  sendRaw(bytes: Buffer): void;
  /** Data the laptop sent on channel 0, unmasked, as it comes. */
  received: () => Buffer;
  /** Called with the same instead, once set. */
  onData: ((data: Buffer) => void) | undefined;
  /** Frames of the laptop that are no data (RFC 6455, section 5.5). */
  controls: { opcode: number; payload: string }[];
  socket: Duplex;
};

export type PortForwardServer = {
  server: URL;
  httpsOptions: () => Promise<{ ca: string; headers: Record<string, string> }>;
};

export type PortForwardBehaviour = {
  onForward?: (forward: ServedForward) => void;
  /** Answer with this instead of 101. */
  refuse?: { status: number; body: string };
  /** A wrong accept key. */
  lies?: boolean;
};

export async function startPortForwardServer(
  t: ExecutionContext,
  { onForward, refuse, lies = false }: PortForwardBehaviour,
): Promise<PortForwardServer> {
  const { certificateChain, privateKey } = await createTestCertificate('localhost');
  const sockets = new Set<Duplex>();
  const server = createServer({ cert: certificateChain, key: privateKey });
  server.on('secureConnection', (socket) => sockets.add(socket));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse.status} X\r\ncontent-length: ${refuse.body.length}\r\n\r\n${refuse.body}`);
      return;
    }
    acceptUpgrade(request, socket, { lies });
    const forward = serve(request, socket);
    for (const channel of [0, 1]) forward.send(channel, Buffer.from([0xfc, 0x20]));
    onForward?.(forward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    server: new URL(`https://localhost:${portOf(server)}/k8s/`),
    httpsOptions: async () => ({ ca: certificateChain, headers: { authorization: 'Bearer me' } }),
  };
}

function serve(request: IncomingMessage, socket: Duplex): ServedForward {
  const parts: Buffer[] = [];
  const controls: ServedForward['controls'] = [];
  let seen: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    for (let frame = takeFrame(seen); frame !== undefined; frame = takeFrame(seen)) {
      seen = seen.subarray(frame.end);
      if (frame.opcode !== 2) {
        controls.push({ opcode: frame.opcode, payload: String(frame.payload) });
        continue;
      }
      if (forward.onData) forward.onData(frame.payload.subarray(1));
      else parts.push(frame.payload.subarray(1));
    }
  });
  const forward: ServedForward = {
    path: `${request.url} as ${request.headers.authorization}`,
    send: (channel, data) => socket.write(buildFrame(0x82, Buffer.concat([Buffer.from([channel]), data]))),
    sendRaw: (bytes) => socket.write(bytes),
    received: () => Buffer.concat(parts),
    onData: undefined,
    controls,
    socket,
  };
  return forward;
}

export function buildFrame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  const size = Buffer.alloc(length < 65_536 ? 2 : 8);
  if (size.length === 2) size.writeUInt16BE(length);
  else size.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([Buffer.from([first, length < 65_536 ? 126 : 127]), size, payload]);
}

/** Answers 101. `lies`: with a wrong accept key. */
export function acceptUpgrade({ headers }: IncomingMessage, socket: Duplex, { lies = false } = {}): void {
  const key = `${lies ? 'other' : headers['sec-websocket-key']}${ACCEPT_SUFFIX}`;
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
      `sec-websocket-accept: ${createHash('sha1').update(key).digest('base64')}\r\n` +
      `sec-websocket-protocol: ${headers['sec-websocket-protocol']}\r\n\r\n`,
  );
}

export type FrameHeader = { readonly opcode: number; readonly payloadBytes: number; readonly headerBytes: number };

/** Of a masked frame; undefined until all of it is there. Its last four bytes are the mask. */
export function parseFrameHeader(bytes: Buffer): FrameHeader | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const headerBytes = 2 + sizeBytes + MASK_BYTES;
  if (bytes.length < headerBytes) return undefined;
  const payloadBytes =
    sizeBytes === 0 ? short : sizeBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { opcode: bytes.readUInt8(0) & 0x0f, payloadBytes, headerBytes };
}

type TakenFrame = { opcode: number; payload: Buffer; end: number };

/** A masked frame at the beginning of the bytes, if it is there whole. */
function takeFrame(bytes: Buffer): TakenFrame | undefined {
  const header = parseFrameHeader(bytes);
  if (header === undefined) return undefined;
  const { opcode, headerBytes, payloadBytes } = header;
  const end = headerBytes + payloadBytes;
  if (bytes.length < end) return undefined;
  const mask = bytes.subarray(headerBytes - MASK_BYTES, headerBytes);
  const payload = Buffer.from(bytes.subarray(headerBytes, end));
  for (let at = 0; at < payloadBytes; at += 1) payload[at] = (payload[at] ?? 0) ^ (mask[at % MASK_BYTES] ?? 0);
  return { opcode, payload, end };
}
