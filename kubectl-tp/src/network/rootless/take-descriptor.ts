// Takes a copy of another process's open descriptor: of one of the same user, or of one in a user namespace of theirs.

import { checked, systemCalls } from '../device/system-calls.ts';

/** The same numbers on every architecture (asm-generic/unistd.h). */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

/** Linux 5.6 or later. The copy is closed when this process starts another program. */
export function takeDescriptor(pid: number, descriptor: number): number {
  const process = checked('pidfd_open', systemCalls.syscall(SYS_PIDFD_OPEN, pid, 0, 0));
  try {
    return checked('pidfd_getfd', systemCalls.syscall(SYS_PIDFD_GETFD, process, descriptor, 0));
  } finally {
    systemCalls.close(process);
  }
}
