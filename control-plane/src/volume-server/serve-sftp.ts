// One connection of a laptop, once it has proven whose it is: requests in, answers out. One request is done after the
// other, as OpenSSH does it: sshfs asks for the attributes of a file that it has just asked to be made. Only who reads
// does not wait for others who read.

import type { Socket } from 'node:net';
import {
  BODY_OFFSET,
  buildVersionPacket,
  createPacketReader,
  createPacketSplitter,
  ID_OFFSET,
  TYPE_OFFSET,
} from '../protocol/sftp/packet.ts';
import { SFTP, SFTP_EXTENSIONS, SFTP_STATUS, SFTP_VERSION } from '../protocol/sftp/words.ts';
import type { VolumeExport } from '../protocol/volume-server.ts';
import { createExportedPaths } from './exported-paths.ts';
import { createHandles } from './handles.ts';
import { buildStatus, createOperations, type Operation } from './operations.ts';
import { statusOf } from './sftp-error.ts';

/** What is being read at once stays in memory until the laptop has taken it: 64 times 64 KiB. */
const MAX_RUNNING = 64;

/** Resolves when the connection is closed and nothing is open. */
export async function serveSftp(socket: Socket, exports: readonly VolumeExport[]): Promise<void> {
  const handles = createHandles();
  const operations = createOperations({ paths: createExportedPaths(exports), handles });
  let running = 0;
  let tail: Promise<unknown> = Promise.resolve();
  const flow = () => {
    if (running >= MAX_RUNNING || socket.writableNeedDrain) socket.pause();
    else socket.resume();
  };
  const split = createPacketSplitter((packet) => {
    running += 1;
    const answering = tail.then(() => answer(packet, operations));
    if (packet.readUInt8(TYPE_OFFSET) !== SFTP.READ) tail = answering;
    void answering.then((answered) => {
      running -= 1;
      if (socket.writable) socket.write(answered);
      flow();
    });
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      split(chunk);
      flow();
    } catch {
      socket.destroy(); // no SFTP: there is nothing to answer
    }
  });
  socket.on('drain', flow);
  socket.on('end', () => socket.end());
  // Not `once`: a connection that is reset has ended like any other.
  if (!socket.closed) await new Promise((done) => socket.once('close', done));
  await handles.closeAll();
}

/** Never rejects. */
async function answer(packet: Buffer, operations: Readonly<Record<number, Operation>>): Promise<Buffer> {
  const type = packet.readUInt8(TYPE_OFFSET);
  if (type === SFTP.INIT) return buildVersionPacket(SFTP.VERSION, SFTP_VERSION, SFTP_EXTENSIONS);
  if (packet.length < BODY_OFFSET) return buildStatus(0, SFTP_STATUS.BAD_MESSAGE);
  const id = packet.readUInt32BE(ID_OFFSET);
  const operation = operations[type];
  if (operation === undefined) return buildStatus(id, SFTP_STATUS.OP_UNSUPPORTED);
  try {
    return await operation(id, createPacketReader(packet));
  } catch (error) {
    return buildStatus(id, statusOf(error));
  }
}
