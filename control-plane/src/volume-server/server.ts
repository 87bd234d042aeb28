// The volume server: listens on the pod's loopback address, lets in who holds the key, and ends when nobody comes.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { readPrefix } from '../protocol/read-prefix.ts';
import { SFTP } from '../protocol/sftp/words.ts';
import {
  buildServerProof,
  isVolumeProof,
  NONCE_BYTES,
  SIGNATURE_BYTES,
  type VolumeServerConfig,
} from '../protocol/volume-server.ts';
import { serveSftp } from './serve-sftp.ts';

export type VolumeServer = {
  /** Resolves when it has ended, by itself or by the signal. */
  readonly ended: Promise<void>;
};

type Options = {
  readonly signal: AbortSignal;
  /** Without a connection for so long it ends: a container of its kind can't be taken away. */
  readonly idleMs: number;
};

/** A port-forward comes from here; nobody outside of the pod does. */
const LOOPBACK = '127.0.0.1';
/** A few mounts of a few commands; what others in the pod open must not use up the memory. */
const MAX_CONNECTIONS = 64;
/** A slow link's round trip, several times. */
const PROOF_TIMEOUT_MS = 10_000;
/** For laptops to take what comes before the word that it ends: the pod waits, and one that does not read never does. */
const FAREWELL_MS = 500;
const LEAVING = Buffer.of(0, 0, 0, 1, SFTP.LEAVING);

/** Rejects when the port is taken. */
export async function startVolumeServer(
  config: VolumeServerConfig,
  { signal, idleMs }: Options,
): Promise<VolumeServer> {
  const ending = new AbortController();
  const end = () => ending.abort();
  const accepted = new Set<Socket>();
  let idle = setTimeout(end, idleMs);
  const server = createServer({ noDelay: true, allowHalfOpen: true }, async (socket) => {
    socket.on('error', () => socket.destroy());
    const proof = await meet(socket, config);
    if (proof === undefined) return void socket.destroy();
    clearTimeout(idle);
    accepted.add(socket);
    socket.write(proof);
    try {
      await serveSftp(socket, config.exports);
    } finally {
      accepted.delete(socket);
      clearTimeout(idle);
      if (accepted.size === 0 && !ending.signal.aborted) idle = setTimeout(end, idleMs);
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  await once(server.listen(config.port, LOOPBACK), 'listening');
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  return { ended: closeWhenEnding() };

  async function closeWhenEnding(): Promise<void> {
    if (!ending.signal.aborted) await once(ending.signal, 'abort');
    clearTimeout(idle);
    server.close();
    // A port-forward tells of the end a second late.
    const told = [...accepted].map((socket) => new Promise<void>((done) => socket.end(LEAVING, () => done())));
    const farewell = setTimeout(() => accepted.forEach((socket) => void socket.destroy()), FAREWELL_MS);
    await Promise.all(told); // a socket that is destroyed calls back, too
    clearTimeout(farewell);
    for (const socket of accepted) socket.destroy();
  }
}

/** Resolves with the server's own proof for who has proven itself. */
async function meet(socket: Socket, config: VolumeServerConfig): Promise<Buffer | undefined> {
  const asked = randomBytes(NONCE_BYTES);
  socket.write(asked);
  const answerBytes = NONCE_BYTES + SIGNATURE_BYTES;
  const limits = { timeoutMs: PROOF_TIMEOUT_MS, maxBytes: answerBytes };
  const answer = await readPrefix<Buffer>(
    socket,
    (bytes) =>
      bytes.length < answerBytes ? 'incomplete' : { value: bytes.subarray(0, answerBytes), bytes: answerBytes },
    limits,
  );
  if (answer === undefined || !isVolumeProof(config, asked, answer.subarray(NONCE_BYTES))) return undefined;
  return buildServerProof(config, { asked, answered: answer.subarray(0, NONCE_BYTES) });
}
