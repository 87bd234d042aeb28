// What the volume server does for each request of SFTP: the answer as a packet, or an error that says why not.

import { constants } from 'node:fs';
import {
  type FileHandle,
  lstat,
  lutimes,
  mkdir,
  open,
  readlink,
  rename,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { type FileAttributes, readAttributes } from '../protocol/sftp/attributes.ts';
import { BODY_OFFSET, buildPacket, type PacketReader } from '../protocol/sftp/packet.ts';
import { OPEN_FLAG, POSIX_RENAME, SFTP, SFTP_STATUS } from '../protocol/sftp/words.ts';
import type { ExportedPath, ExportedPaths } from './exported-paths.ts';
import type { Handles } from './handles.ts';
import { buildFileAttributes, openFolder, readFolder } from './read-folder.ts';
import { SftpError } from './sftp-error.ts';

export type Operation = (id: number, request: PacketReader) => Promise<Buffer>;

type Options = { readonly paths: ExportedPaths; readonly handles: Handles };

/** What no reader asks for at once; sshfs takes 64 KiB. */
const MAX_READ_BYTES = 128 << 10;
/** Modes of new files where the laptop names none. */
const DEFAULT_MODE = 0o644;
const PERMISSIONS = 0o7777;

/** By type of the request. Each throws what `statusOf` understands. */
export function createOperations({ paths, handles }: Options): Readonly<Record<number, Operation>> {
  const find = (request: PacketReader): Promise<ExportedPath> => paths.find(request.text());
  const findWritable = async (request: PacketReader): Promise<Buffer> => {
    const { path, isReadOnly } = await find(request);
    if (isReadOnly) throw new SftpError('PERMISSION_DENIED');
    return path;
  };

  const attributesOf: Operation = async (id, request) => {
    const { path } = await find(request);
    return buildPacket(SFTP.ATTRS, id, buildFileAttributes(await lstat(path)));
  };

  const renameOver: Operation = async (id, request) => {
    const from = await findWritable(request);
    await rename(from, await findWritable(request));
    return ok(id);
  };

  return {
    [SFTP.REALPATH]: async (id, request) => {
      const path = request.text();
      return buildPacket(SFTP.NAME, id, 1, path, path, 0);
    },
    [SFTP.LSTAT]: attributesOf,
    // Links are the laptop's to follow.
    [SFTP.STAT]: attributesOf,
    [SFTP.FSTAT]: async (id, request) => {
      const { file } = handles.file(request.text());
      return buildPacket(SFTP.ATTRS, id, buildFileAttributes(await file.stat()));
    },
    [SFTP.OPEN]: async (id, request) => {
      const found = await find(request);
      const flags = request.u32();
      const { mode = DEFAULT_MODE } = readAttributes(request);
      if (found.isReadOnly && (flags & ~OPEN_FLAG.READ) !== 0) throw new SftpError('PERMISSION_DENIED');
      const file = await openFile(found.path, flags, mode);
      return buildPacket(SFTP.HANDLE, id, await handles.add({ kind: 'file', file, isReadOnly: found.isReadOnly }));
    },
    [SFTP.READ]: async (id, request) => {
      const { file } = handles.file(request.text());
      return readData(id, file, request.u64(), request.u32());
    },
    [SFTP.WRITE]: async (id, request) => {
      const { file, isReadOnly } = handles.file(request.text());
      if (isReadOnly) throw new SftpError('PERMISSION_DENIED');
      const offset = request.u64();
      await writeAll(file, request.bytes(), offset);
      return ok(id);
    },
    [SFTP.CLOSE]: async (id, request) => {
      await handles.close(request.text());
      return ok(id);
    },
    [SFTP.OPENDIR]: async (id, request) => {
      const { path } = await find(request);
      return buildPacket(SFTP.HANDLE, id, await handles.add(await openFolder(path)));
    },
    [SFTP.READDIR]: async (id, request) => {
      const opened = handles.get(request.text());
      if (opened.kind !== 'folder') throw new SftpError('FAILURE');
      return readFolder(id, opened);
    },
    [SFTP.READLINK]: async (id, request) => {
      const { path } = await find(request);
      return buildPacket(SFTP.NAME, id, 1, await readlink(path, 'latin1'), '', 0);
    },
    [SFTP.SETSTAT]: async (id, request) => {
      await changeAttributes(await findWritable(request), readAttributes(request));
      return ok(id);
    },
    [SFTP.FSETSTAT]: async (id, request) => {
      const { file, isReadOnly } = handles.file(request.text());
      if (isReadOnly) throw new SftpError('PERMISSION_DENIED');
      await changeFile(file, readAttributes(request));
      return ok(id);
    },
    [SFTP.REMOVE]: async (id, request) => {
      await unlink(await findWritable(request));
      return ok(id);
    },
    [SFTP.MKDIR]: async (id, request) => {
      const path = await findWritable(request);
      const { mode = 0o755 } = readAttributes(request);
      await mkdir(path, { mode: mode & PERMISSIONS });
      return ok(id);
    },
    [SFTP.RMDIR]: async (id, request) => {
      await rmdir(await findWritable(request));
      return ok(id);
    },
    [SFTP.RENAME]: async (id, request) => {
      const from = await findWritable(request);
      const to = await findWritable(request);
      if (await isThere(to)) throw new SftpError('FAILURE');
      await rename(from, to);
      return ok(id);
    },
    [SFTP.SYMLINK]: async (id, request) => {
      // OpenSSH has the target first, against the draft, and sshfs goes by OpenSSH.
      const target = request.bytes();
      await symlink(target, await findWritable(request));
      return ok(id);
    },
    [SFTP.EXTENDED]: async (id, request) => {
      if (request.text() !== POSIX_RENAME) throw new SftpError('OP_UNSUPPORTED');
      return renameOver(id, request);
    },
  };
}

const ok = (id: number): Buffer => buildStatus(id, SFTP_STATUS.OK);

export function buildStatus(id: number, status: number): Buffer {
  return buildPacket(SFTP.STATUS, id, status, '', '');
}

/** Never through a link, never waiting for the other end of a pipe, and only what is a file. */
async function openFile(path: Buffer, flags: number, mode: number): Promise<FileHandle> {
  const has = (flag: number) => (flags & flag) !== 0;
  const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_TRUNC, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
  const access = has(OPEN_FLAG.WRITE) ? (has(OPEN_FLAG.READ) ? O_RDWR : O_WRONLY) : O_RDONLY;
  const how =
    access |
    (has(OPEN_FLAG.APPEND) ? O_APPEND : 0) |
    (has(OPEN_FLAG.CREATE) ? O_CREAT : 0) |
    (has(OPEN_FLAG.TRUNCATE) ? O_TRUNC : 0) |
    (has(OPEN_FLAG.EXCLUSIVE) ? O_EXCL : 0);
  const file = await open(path, how | O_NOFOLLOW | O_NONBLOCK, mode & PERMISSIONS);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new SftpError('FAILURE');
}

/** Read straight to where the packet has it. */
async function readData(id: number, file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const wanted = Math.min(length, MAX_READ_BYTES);
  const dataOffset = BODY_OFFSET + 4;
  const packet = Buffer.allocUnsafe(dataOffset + wanted);
  const { bytesRead } = await file.read(packet, dataOffset, wanted, offset);
  if (bytesRead === 0 && wanted > 0) return buildStatus(id, SFTP_STATUS.EOF);
  const end = dataOffset + bytesRead;
  packet.writeUInt32BE(end - 4, 0);
  packet.writeUInt8(SFTP.DATA, 4);
  packet.writeUInt32BE(id, 5);
  packet.writeUInt32BE(bytesRead, BODY_OFFSET);
  return packet.subarray(0, end);
}

async function writeAll(file: FileHandle, data: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    done += (await file.write(data, done, data.length - done, offset + done)).bytesWritten;
  }
}

/** Times and nothing else of a link itself; the rest of files and folders. */
async function changeAttributes(path: Buffer, { times, ...others }: FileAttributes): Promise<void> {
  if (Object.keys(others).length > 0) await changeFileAt(path, others);
  // Last: a new size sets them, too.
  if (times !== undefined) await lutimes(path, times.accessed, times.modified);
}

async function changeFileAt(path: Buffer, attributes: FileAttributes): Promise<void> {
  const { O_RDONLY, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const access = attributes.size === undefined ? O_RDONLY : O_WRONLY;
  const file = await open(path, access | O_NOFOLLOW | O_NONBLOCK);
  try {
    await changeFile(file, attributes);
  } finally {
    await file.close();
  }
}

async function changeFile(file: FileHandle, { size, owner, mode, times }: FileAttributes): Promise<void> {
  if (size !== undefined) await file.truncate(size);
  if (owner !== undefined) await file.chown(owner.uid, owner.gid);
  if (mode !== undefined) await file.chmod(mode & PERMISSIONS);
  if (times !== undefined) await file.utimes(times.accessed, times.modified);
}

async function isThere(path: Buffer): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
