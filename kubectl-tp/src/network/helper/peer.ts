// The helper's connection to the session process that it works for, and who that is, in the kernel's word.

import { Socket } from 'node:net';
import { checked, SOCK_STREAM_CLOEXEC, SOL_SOCKET, systemCalls } from '../device/system-calls.ts';

const AF_UNIX = 1;
const SO_PEERCRED = 17;
/** struct sockaddr_un. */
const PATH_BYTES = 108;

export type Peer = { readonly socket: Socket; readonly uid: number };

/** Not by node:net, which can't tell who listens. Throws when nobody does. */
export function connectPeer(path: string): Peer {
  if (Buffer.byteLength(path) >= PATH_BYTES) throw new Error(`the path of the socket is too long: ${path}`);
  const descriptor = checked('opening a socket', systemCalls.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0));
  const address = Buffer.alloc(2 + PATH_BYTES);
  address.writeUInt16LE(AF_UNIX);
  address.write(path, 2);
  checked(`connecting to ${path}`, systemCalls.connect(descriptor, address, address.length));
  return { socket: new Socket({ fd: descriptor, allowHalfOpen: true }), uid: peerUser(descriptor) };
}

/** unix(7): the one who called listen(2). */
function peerUser(descriptor: number): number {
  const credentials = Buffer.alloc(12); // struct ucred: pid, uid, gid
  const length = Buffer.alloc(4);
  length.writeUInt32LE(credentials.length);
  checked('SO_PEERCRED', systemCalls.getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, credentials, length));
  return credentials.readUInt32LE(4);
}
