// As much of an SFTP client as a copy needs: each request is a promise of its answer.

import type { Duplex } from 'node:stream';
import {
  buildPacket,
  buildU64,
  createPacketReader,
  createPacketSplitter,
  type FileAttributes,
  ID_OFFSET,
  OPEN_FLAG,
  readAttributes,
  SFTP,
  SFTP_STATUS,
  TYPE_OFFSET,
} from '@kubectl-tp/control-plane/protocol';
import { SILENCE_MS, silent } from './silence.ts';

export type RemoteEntry = { readonly name: string; readonly attributes: FileAttributes };

/** Characters of names are their bytes (`latin1`). All methods throw when the server refuses, is silent or gone. */
export type SftpClient = {
  attributes(path: string): Promise<FileAttributes>;
  /** Without the folder itself and the one above, and no more than `most` of those that are there. */
  list(path: string, most: number): Promise<RemoteEntry[]>;
  link(path: string): Promise<string>;
  read(path: string): AsyncIterable<Buffer>;
  close(): void;
};

const READ_BYTES = 64 << 10;
/** A link of 100 ms brings 10 MB/s with these. */
const READS_AT_ONCE = 16;

/** Owns the stream. When the signal is aborted, all that is asked throws its reason at once. */
export function createSftpClient(stream: Duplex, signal: AbortSignal): SftpClient {
  const waiting = new Map<number, PromiseWithResolvers<Buffer>>();
  let count = 0;
  let silence: NodeJS.Timeout | undefined;
  const fail = (error: Error) => {
    clearTimeout(silence);
    signal.removeEventListener('abort', giveUp);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    stream.destroy();
  };
  const giveUp = () => fail(signal.reason);
  const limitSilence = () => {
    clearTimeout(silence);
    if (waiting.size > 0) silence = setTimeout(() => fail(silent()), SILENCE_MS);
  };
  const split = createPacketSplitter((packet) => {
    if (packet.readUInt8(TYPE_OFFSET) === SFTP.LEAVING) return;
    const id = packet.readUInt32BE(ID_OFFSET);
    waiting.get(id)?.resolve(packet);
    waiting.delete(id);
  });
  stream.on('data', (chunk: Buffer) => {
    try {
      split(chunk);
      limitSilence();
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
  stream.on('error', fail);
  stream.on('close', () => fail(new Error('the connection to the pod has ended')));
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();

  /** The answer, if it is of the type that is wanted; undefined at the end of a file or folder. */
  async function ask(
    type: number,
    wanted: number,
    ...parts: (number | string | Buffer)[]
  ): Promise<Buffer | undefined> {
    signal.throwIfAborted();
    if (stream.destroyed) throw new Error('the connection to the pod has ended');
    count += 1;
    const asked = Promise.withResolvers<Buffer>();
    waiting.set(count, asked);
    if (waiting.size === 1) limitSilence();
    stream.write(buildPacket(type, count, ...parts));
    const packet = await asked.promise;
    if (packet.readUInt8(TYPE_OFFSET) === wanted) return packet;
    const status = createPacketReader(packet).u32();
    if (status === SFTP_STATUS.EOF || (status === SFTP_STATUS.OK && wanted === SFTP.STATUS)) return undefined;
    throw new Error(STATUS_TEXTS[status] ?? 'the pod refuses it');
  }

  async function must(answer: Promise<Buffer | undefined>): Promise<Buffer> {
    const packet = await answer;
    if (packet === undefined) throw new Error('the pod gives no answer');
    return packet;
  }

  const handleOf = async (answer: Promise<Buffer | undefined>) => createPacketReader(await must(answer)).text();
  const close = (handle: string) => ask(SFTP.CLOSE, SFTP.STATUS, handle);

  return {
    async attributes(path) {
      return readAttributes(createPacketReader(await must(ask(SFTP.LSTAT, SFTP.ATTRS, path))));
    },
    async list(path, most) {
      const handle = await handleOf(ask(SFTP.OPENDIR, SFTP.HANDLE, path));
      const entries: RemoteEntry[] = [];
      while (entries.length < most) {
        const packet = await ask(SFTP.READDIR, SFTP.NAME, handle);
        if (packet === undefined) break;
        entries.push(...readEntries(packet).filter(({ name }) => name !== '.' && name !== '..'));
      }
      await close(handle);
      return entries.slice(0, most);
    },
    async link(path) {
      const reader = createPacketReader(await must(ask(SFTP.READLINK, SFTP.NAME, path)));
      reader.u32(); // always one
      return reader.text();
    },
    async *read(path) {
      const handle = await handleOf(ask(SFTP.OPEN, SFTP.HANDLE, path, OPEN_FLAG.READ, 0));
      const part = (at: number) => ask(SFTP.READ, SFTP.DATA, handle, buildU64(at * READ_BYTES), READ_BYTES);
      const parts = Array.from({ length: READS_AT_ONCE }, (_, at) => part(at));
      for (const later of parts) later.catch(() => undefined); // heard when it is its turn
      for (let next = READS_AT_ONCE; ; next += 1) {
        const packet = await parts.shift();
        if (packet === undefined) break;
        const data = createPacketReader(packet).bytes();
        yield data;
        // Short is the end: files of volumes are read whole.
        if (data.length < READ_BYTES) break;
        const one = part(next);
        one.catch(() => undefined);
        parts.push(one);
      }
      await Promise.allSettled(parts);
      await close(handle);
    },
    close: () => stream.destroy(),
  };
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  [SFTP_STATUS.NO_SUCH_FILE]: 'it is not there',
  [SFTP_STATUS.PERMISSION_DENIED]: 'the container may not read it',
  [SFTP_STATUS.INPUT_OUTPUT]: 'it can not be read',
};

function readEntries(packet: Buffer): RemoteEntry[] {
  const reader = createPacketReader(packet);
  return Array.from({ length: reader.u32() }, () => {
    const name = reader.text();
    reader.bytes();
    return { name, attributes: readAttributes(reader) };
  });
}
