// The API server's end of port-forwards, as far as they cost: TLS, WebSocket frames, and back-pressure; any pod is this
// machine's loopback. A process of its own; sends its ApiServer to its parent.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { portOf } from '../../test/helpers/loopback.ts';
import { acceptUpgrade, buildFrame, parseFrameHeader } from '../../test/helpers/port-forward-server.ts';
import { createTestCertificate } from '../../test/helpers/test-certificate.ts';

export type ApiServer = { readonly port: number; readonly certificate: string };

const CHANNEL_BYTES = 1;
const OPCODE_BINARY = 2;
const FINAL_BINARY = 0x82;

if (import.meta.main) process.send?.(await startApiServer());

async function startApiServer(): Promise<ApiServer> {
  const { certificateChain, privateKey } = await createTestCertificate('localhost');
  const server = createServer({ cert: certificateChain, key: privateKey });
  server.on('upgrade', (request: IncomingMessage, laptop: Duplex, head: Buffer) => {
    acceptUpgrade(request, laptop);
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
  const header = parseFrameHeader(bytes);
  if (header === undefined) return undefined;
  const isData = header.opcode === OPCODE_BINARY;
  const channelBytes = isData ? CHANNEL_BYTES : 0;
  const headerBytes = header.headerBytes + channelBytes;
  if (bytes.length < headerBytes) return undefined;
  return { left: header.payloadBytes - channelBytes, isData, bytes: headerBytes };
}
