// One process of the bench: application, relay or laptop, as the first message says. Reports its CPU time when asked.

import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { SESSIONS } from '../../control-plane/src/api/index.ts';
import { startRelay } from '../../control-plane/src/relay/run.ts';
import type { TunnelCertificate } from '../../kubectl-tp/src/tunnel/tls-identity.ts';
import { createTunnels } from '../../kubectl-tp/src/tunnel/tunnels.ts';
import { dialTcp, portOf } from '../../test/helpers/loopback.ts';
import { createMemoryKubernetes } from '../../test/helpers/memory-kubernetes.ts';
import { buildRelayConfig } from '../../test/helpers/relay-config.ts';
import type { sessionObject } from '../../test/helpers/tunnel-rig.ts';
import { waitFor } from '../../test/helpers/wait-for.ts';
import { ANSWER, DOWNLOAD_REQUEST, REQUEST_BYTES, UPLOAD_ANSWER, UPLOAD_REQUEST } from './wire.ts';

export type PartStart =
  | { role: 'app' }
  | { role: 'relay'; session: ReturnType<typeof sessionObject> }
  | { role: 'laptop'; appPort: number; relayPort: number; session: string; certificate: TunnelCertificate };
/** Sent when the part is ready. */
export type PartReady = { port: number; laptopPort?: number };
export type PartReport = { cpuMicros: number; memoryMb: number };

const PIECE = Buffer.alloc(64 << 10, 'x');

process.once('message', async (start: PartStart) => {
  process.send?.(await startRole(start));
  process.on('message', () => process.send?.(report()));
});

function startRole(start: PartStart): Promise<PartReady> {
  if (start.role === 'app') return startApp();
  return start.role === 'relay' ? startRelayPart(start.session) : startLaptop(start);
}

function report(): PartReport {
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system, memoryMb: Math.round(process.memoryUsage.rss() / (1 << 20)) };
}

/** Answers each request of REQUEST_BYTES; two special ones start a transfer. */
async function startApp(): Promise<PartReady> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      const transfer = parseTransfer(first);
      if (transfer?.word === DOWNLOAD_REQUEST) return void download(socket, transfer.bytes);
      if (transfer !== undefined) return upload(socket, transfer.bytes - (first.length - transfer.headerBytes));
      let pending = answer(socket, first.length);
      socket.on('data', (chunk: Buffer) => {
        pending = answer(socket, pending + chunk.length);
      });
      socket.on('end', () => socket.end());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: portOf(server) };
}

/** Returns the bytes that belong to the next request. */
function answer(socket: Socket, bytes: number): number {
  for (let left = bytes; ; left -= REQUEST_BYTES) {
    if (left < REQUEST_BYTES) return left;
    socket.write(ANSWER);
  }
}

/** Its first line comes whole: a client sends it before anything else. */
function parseTransfer(first: Buffer): { word: string; bytes: number; headerBytes: number } | undefined {
  const line = first.toString('latin1', 0, Math.max(0, first.indexOf('\n')));
  const word = [DOWNLOAD_REQUEST, UPLOAD_REQUEST].find((known) => line.startsWith(known));
  if (word === undefined) return undefined;
  return { word, bytes: Number(line.slice(word.length)), headerBytes: line.length + 1 };
}

async function download(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= PIECE.length) {
    if (!socket.write(PIECE.subarray(0, left))) await once(socket, 'drain');
  }
  socket.end();
}

function upload(socket: Socket, bytes: number): void {
  let left = bytes;
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left === 0) socket.end(UPLOAD_ANSWER);
  });
}

async function startRelayPart(session: ReturnType<typeof sessionObject>): Promise<PartReady> {
  const kubernetes = createMemoryKubernetes();
  kubernetes.put(SESSIONS, session);
  const config = buildRelayConfig('relay-0', { leaveDelayMs: 0, drainMs: 0 });
  const log = pino({ level: 'silent' });
  const { ports } = await startRelay(config, {
    client: kubernetes.client,
    log,
    signal: new AbortController().signal,
    // Every address of the cluster is the application.
    mayDial: async () => ({ allowed: true, address: '127.0.0.1' }),
  });
  return { port: ports.agent, laptopPort: ports.laptop };
}

async function startLaptop(start: Extract<PartStart, { role: 'laptop' }>): Promise<PartReady> {
  const tunnels = createTunnels({
    session: start.session,
    proofKey: createPrivateKey(start.certificate.key),
    certificate: () => start.certificate,
    dialRelay: () => dialTcp(start.relayPort),
    lookup: () => ({ host: '127.0.0.1', port: start.appPort }),
  });
  tunnels.setRelays(['relay-0']);
  await waitFor('tunnel up', () => tunnels.status()[0]?.state.name === 'up', 10_000);
  return { port: 0 };
}
