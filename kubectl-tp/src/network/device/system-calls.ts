// The calls of Linux that Node has no words for, by the C library that Node itself uses. Loads native code, so it is
// imported only by what needs one of them.

import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/** Returns -1 when it has failed; the reason is in `lastErrno` until the next call. */
type Call = (...parameters: (number | string | Buffer | null)[]) => number;

const library = koffi.load(null);

export const systemCalls = {
  close: library.func('int close(int)'),
  ioctl: library.func('int ioctl(int, unsigned long, void*)'),
  dup3: library.func('int dup3(int, int, int)'),
  fcntl: library.func('int fcntl(int, int, int)'),
  read: library.func('long read(int, void*, size_t)'),
  write: library.func('long write(int, const void*, size_t)'),
  socket: library.func('int socket(int, int, int)'),
  setsockopt: library.func('int setsockopt(int, int, int, const void*, unsigned int)'),
  socketpair: library.func('int socketpair(int, int, int, void*)'),
  bind: library.func('int bind(int, const void*, unsigned int)'),
  connect: library.func('int connect(int, const void*, unsigned int)'),
  listen: library.func('int listen(int, int)'),
  send: library.func('long send(int, const void*, size_t, int)'),
  recv: library.func('long recv(int, void*, size_t, int)'),
  ifNameToIndex: library.func('unsigned int if_nametoindex(const char*)'),
  flock: library.func('int flock(int, int)'),
  getsockopt: library.func('int getsockopt(int, int, int, void*, void*)'),
  mount: library.func('int mount(const char*, const char*, const char*, unsigned long, const char*)'),
  pivotRoot: library.func('int pivot_root(const char*, const char*)'),
  umount2: library.func('int umount2(const char*, int)'),
  syscall: library.func('long syscall(long, long, long, long)'),
} satisfies Record<string, Call>;

/** SOCK_STREAM | SOCK_CLOEXEC (socket(2)); the same on every architecture that we ship for. */
export const SOCK_STREAM_CLOEXEC = 0o2000001;
export const SOL_SOCKET = 1;

export const lastErrno = (): number => koffi.errno();

/** The result of a call; an error with `code` and `errno`, as node:fs makes them, when it has failed. */
export function checked(what: string, result: number): number {
  if (result >= 0) return result;
  throw systemError(what, lastErrno());
}

export function systemError(what: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${what}: ${code}`), { code, errno: -errno });
}
