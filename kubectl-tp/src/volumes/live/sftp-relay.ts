// Stands between sshfs and the volume server of a pod, so that a program which looks into a mount never hangs: while
// there is no connection, and when one breaks, every request is answered at once, and sshfs makes EIO of it. Connects
// again by itself; the mount stays. Lets no link lead out of the mount.

import type { Duplex, Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  BODY_OFFSET,
  buildPacket,
  buildVersionPacket,
  createPacketReader,
  createPacketSplitter,
  ID_OFFSET,
  SFTP,
  SFTP_EXTENSIONS,
  SFTP_STATUS,
  SFTP_VERSION,
  TYPE_OFFSET,
} from '@kubectl-tp/control-plane/protocol';
import { containLink } from './contain-link.ts';
import { SILENCE_MS, silent } from './silence.ts';

export type SftpRelay = {
  /** Ends both sides. */
  close(): void;
};

type Options = {
  /** Of sshfs: what it asks, and where it reads the answers. */
  readonly requests: Readable;
  readonly answers: Writable;
  /** Connections on which SFTP can begin at once: the first, and how to get others. */
  readonly first: Duplex;
  readonly dial: (signal: AbortSignal) => Promise<Duplex>;
  /** Where the container has what is mounted. */
  readonly mountPath: readonly string[];
  readonly onTrouble: (error: unknown) => void;
};

const LOOK_MS = 500;
/** A pod that is replaced is back after some seconds. */
const RETRY_MS = 500;
const MAX_RETRY_MS = 5000;
/** The first name of each path is the export's. */
const EXPORT_NAMES = 1;

/** What the answer to a request needs of it. */
type Asked = { readonly link?: readonly string[] };

export function createSftpRelay({ requests, answers, first, dial, mountPath, onTrouble }: Options): SftpRelay {
  const lifetime = new AbortController();
  const { signal } = lifetime;
  const asked = new Map<number, Asked>();
  let pod: Duplex | undefined;
  let heardMs = 0;

  function close(): void {
    lifetime.abort();
    clearInterval(watch);
    pod?.destroy();
    requests.destroy();
    answers.destroy();
  }

  /** To sshfs. What it does not take yet stops the pod. */
  function answer(packet: Buffer): void {
    if (answers.writable && !answers.write(packet)) pod?.pause();
  }

  function request(packet: Buffer): void {
    const type = packet.readUInt8(TYPE_OFFSET);
    if (type === SFTP.INIT) {
      answer(buildVersionPacket(SFTP.VERSION, SFTP_VERSION, SFTP_EXTENSIONS));
      return;
    }
    const id = packet.readUInt32BE(ID_OFFSET);
    if (pod === undefined) {
      answer(inputOutputError(id));
      return;
    }
    if (asked.size === 0) heardMs = Date.now();
    asked.set(id, type === SFTP.READLINK ? { link: namesOf(packet) } : {});
    if (!pod.write(packet)) requests.pause();
  }

  function receive(packet: Buffer): void {
    if (packet.readUInt8(TYPE_OFFSET) === SFTP.LEAVING) {
      lose(new Error('the volume server has ended'));
      return;
    }
    const id = packet.readUInt32BE(ID_OFFSET);
    const found = asked.get(id);
    // sshfs would give the answer to another request of the same number.
    if (found === undefined || !asked.delete(id)) return;
    answer(found.link === undefined ? packet : contained(packet, found.link, mountPath));
  }

  function lose(error: unknown): void {
    if (pod === undefined) return;
    pod.destroy();
    pod = undefined;
    for (const id of asked.keys()) answer(inputOutputError(id));
    asked.clear();
    requests.resume();
    if (signal.aborted) return;
    onTrouble(error);
    void connect();
  }

  async function connect(): Promise<void> {
    for (let waitMs = RETRY_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, MAX_RETRY_MS)) {
      try {
        join(await dial(signal));
        return;
      } catch (error) {
        if (signal.aborted) return;
        onTrouble(error);
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  function join(stream: Duplex): void {
    if (signal.aborted) {
      stream.destroy();
      return;
    }
    pod = stream;
    const isCurrent = () => pod === stream;
    const split = createPacketSplitter((packet) => isCurrent() && receive(packet));
    stream.on('data', (chunk: Buffer) => {
      heardMs = Date.now();
      guard(() => split(chunk), lose);
    });
    stream.on('drain', () => requests.resume());
    stream.on('error', (error) => isCurrent() && lose(error));
    stream.on('close', () => isCurrent() && lose(new Error('the connection to the pod has ended')));
  }

  const watch = setInterval(() => {
    const isSilent = asked.size > 0 && Date.now() - heardMs > SILENCE_MS && !answers.writableNeedDrain;
    if (isSilent) lose(silent());
  }, LOOK_MS);
  const split = createPacketSplitter(request);
  requests.on('data', (chunk: Buffer) => guard(() => split(chunk), close));
  answers.on('drain', () => pod?.resume());
  for (const side of [requests, answers]) side.on('error', close).on('close', close);
  join(first);
  return { close };
}

function guard(run: () => void, onError: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    onError(error); // what came is no SFTP
  }
}

function inputOutputError(id: number): Buffer {
  return buildPacket(SFTP.STATUS, id, SFTP_STATUS.INPUT_OUTPUT, '', '');
}

/** Below the export. */
function namesOf(packet: Buffer): string[] {
  return createPacketReader(packet).text().split('/').filter(Boolean).slice(EXPORT_NAMES);
}

function contained(packet: Buffer, link: readonly string[], mountPath: readonly string[]): Buffer {
  if (packet.readUInt8(TYPE_OFFSET) !== SFTP.NAME) return packet;
  const id = packet.readUInt32BE(ID_OFFSET);
  const reader = createPacketReader(packet, BODY_OFFSET);
  reader.u32(); // always one
  const target = containLink(link, reader.text(), mountPath);
  if (target === undefined) return buildPacket(SFTP.STATUS, id, SFTP_STATUS.PERMISSION_DENIED, '', '');
  return buildPacket(SFTP.NAME, id, 1, target, '', 0);
}
