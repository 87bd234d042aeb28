// Takes copies of another process's open descriptors: of one of the same user, or of one in a user namespace of theirs.

import { checked, systemCalls } from '../device/system-calls.ts';

export type OtherProcess = {
  /** The copy is closed when this process starts another program. Throws when the other process is gone. */
  take(descriptor: number): number;
  close(): void;
};

/** The same numbers on every architecture (asm-generic/unistd.h). */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

/** Linux 5.6 or later. Means this very process until it is closed, also when the number is somebody else's by then. */
export function openProcess(pid: number): OtherProcess {
  const process = checked('pidfd_open', systemCalls.syscall(SYS_PIDFD_OPEN, pid, 0, 0));
  return {
    take: (descriptor) => checked('pidfd_getfd', systemCalls.syscall(SYS_PIDFD_GETFD, process, descriptor, 0)),
    close: () => void systemCalls.close(process),
  };
}

export function takeDescriptor(pid: number, descriptor: number): number {
  const process = openProcess(pid);
  try {
    return process.take(descriptor);
  } finally {
    process.close();
  }
}

/** All or none: what was taken of a process that is just ending would keep its network from going. */
export function takeDescriptors<N extends string>(
  pid: number,
  descriptors: Readonly<Record<N, number>>,
): Record<N, number> {
  const taken = new Map<string, number>();
  try {
    for (const [name, descriptor] of Object.entries<number>(descriptors)) {
      taken.set(name, takeDescriptor(pid, descriptor));
    }
    return Object.fromEntries(taken) as Record<N, number>;
  } catch (error) {
    for (const copy of taken.values()) systemCalls.close(copy);
    throw error;
  }
}
