// The API server's end of port-forwards, as far as they cost: TLS, WebSocket frames, and back-pressure; any pod is this
// machine's loopback. A process of its own; sends its ApiServer to its parent.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { portOf } from '../../test/helpers/loopback.ts';
import { buildFrame } from '../../test/helpers/port-forward-server.ts';
import { createTestCertificate } from '../../test/helpers/test-certificate.ts';

export type ApiServer = { readonly port: number; readonly certificate: string };

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MASK_BYTES = 4;
const CHANNEL_BYTES = 1;
const OPCODE_BINARY = 2;
const FINAL_BINARY = 0x82;

if (import.meta.main) process.send?.(await startApiServer());

async function startApiServer(): Promise<ApiServer> {
  const { certificateChain, privateKey } = await createTestCertificate('localhost');
  const server = createServer({ cert: certificateChain, key: privateKey });
  server.on('upgrade', (request: IncomingMessage, laptop: Duplex, head: Buffer) => {
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${ACCEPT_SUFFIX}`).digest('base64');
    laptop.write(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
        `sec-websocket-accept: ${key}\r\nsec-websocket-protocol: ${request.headers['sec-websocket-protocol']}\r\n\r\n`,
    );
    for (const channel of [0, 1]) laptop.write(buildFrame(FINAL_BINARY, Buffer.from([channel, 0xfc, 0x20])));
    if (head.length > 0) laptop.unshift(head);
    const port = Number(new URL(request.url ?? '', 'https://localhost').searchParams.get('ports'));
    join(laptop, connect({ host: '127.0.0.1', port, noDelay: true }));
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  return { port: portOf(server), certificate: certificateChain };
}

function join(laptop: Duplex, pod: Socket): void {
  const read = createReader((part) => {
    if (pod.write(part)) return;
    laptop.pause();
    pod.once('drain', () => laptop.resume());
  });
  laptop.on('data', read);
  pod.on('data', (chunk: Buffer) => {
    if (laptop.write(buildFrame(FINAL_BINARY, Buffer.concat([Buffer.alloc(CHANNEL_BYTES), chunk])))) return;
    pod.pause();
    laptop.once('drain', () => pod.resume());
  });
  for (const [end, other] of [
    [laptop, pod],
    [pod, laptop],
  ] as const) {
    end.on('error', () => other.destroy()).on('close', () => other.destroy());
  }
}

/** Frames whose mask is zero, as the plugin sends them. `onData` gets what stands behind the channel. */
function createReader(onData: (part: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  let left = 0;
  let isData = false;
  return (chunk) => {
    let rest = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = Buffer.alloc(0);
    while (rest.length > 0) {
      if (left === 0) {
        const header = parseHeader(rest);
        if (header === undefined) {
          held = rest;
          return;
        }
        ({ left, isData } = header);
        rest = rest.subarray(header.bytes);
        continue;
      }
      const part = rest.subarray(0, left);
      left -= part.length;
      rest = rest.subarray(part.length);
      if (isData) onData(part);
    }
  };
}

/** With the channel's byte behind it, when it is one of data. */
function parseHeader(bytes: Buffer): { left: number; isData: boolean; bytes: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const isData = (bytes.readUInt8(0) & 0x0f) === OPCODE_BINARY;
  const headerBytes = 2 + sizeBytes + MASK_BYTES + (isData ? CHANNEL_BYTES : 0);
  if (bytes.length < headerBytes) return undefined;
  const size = sizeBytes === 2 ? bytes.readUInt16BE(2) : sizeBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : short;
  return { left: size - (isData ? CHANNEL_BYTES : 0), isData, bytes: headerBytes };
}
