// A TUN interface of Linux as a packet device. Who gives the interface its addresses and routes is not decided here.

import { constants as files, openSync } from 'node:fs';
import { constants } from 'node:os';
import type { PacketDevice } from './packet-device.ts';
import { pollDescriptor } from './poll-descriptor.ts';
import { checked, lastErrno, systemCalls } from './system-calls.ts';
import { TUN_DEVICE } from './tun-device.ts';

/** The largest packet there is: what a packet costs hardly depends on its size. */
export const TUN_MTU = 65_535;
/** Packets that wait for us. The usual 500 lose the first ones of a thousand connections at once. */
export const TUN_QUEUE_LENGTH = 4096;
const BUFFER_BYTES = 65_536;

/** linux/if_tun.h: an interface without the four bytes in front of each packet. */
const TUNSETIFF = 0x400454ca;
const IFF_TUN_NO_PI = 0x1001;
const TUNSETPERSIST = 0x400454cb;
const TUNSETOWNER = 0x400454cc;
/** linux/if.h: a name of 16 bytes, then what it is about. */
const IFREQ_BYTES = 40;
const IFREQ_NAME_BYTES = 16;

/** Then timers and connections get their turn. */
const MAX_PACKETS_A_TURN = 64;
/** Errors of a read that mean nothing else than that no packet is there. */
const NOTHING_YET: readonly number[] = [constants.errno.EAGAIN, constants.errno.EINTR];

/**
 * Makes an interface of that name in the network namespace of this process, or takes one that was left for this user.
 * Returns its descriptor.
 */
export function openLinuxTun(name: string): number {
  const descriptor = openSync(TUN_DEVICE, files.O_RDWR | files.O_NONBLOCK);
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(name);
  request.writeUInt16LE(IFF_TUN_NO_PI, IFREQ_NAME_BYTES);
  checked('making a TUN interface', systemCalls.ioctl(descriptor, TUNSETIFF, request));
  return descriptor;
}

/** As root: makes an interface that stays until that user takes it, who has no other right over it. */
export function leaveLinuxTun(name: string, owner: number): void {
  const descriptor = openLinuxTun(name);
  try {
    checked('giving the TUN interface to its user', systemCalls.ioctl(descriptor, TUNSETOWNER, owner));
    checked('leaving the TUN interface', systemCalls.ioctl(descriptor, TUNSETPERSIST, 1));
  } finally {
    systemCalls.close(descriptor);
  }
}

/** Takes one that was left. From now on it goes, and its addresses and routes with it, when the descriptor is closed. */
export function takeLinuxTun(name: string): number {
  const descriptor = openLinuxTun(name);
  checked('taking the TUN interface', systemCalls.ioctl(descriptor, TUNSETPERSIST, 0));
  return descriptor;
}

/**
 * Takes over the descriptor, which may come from another process. In the main thread only. `onPacket` runs where no
 * promise may be resolved and no stream touched; it may write.
 */
export function createLinuxTun(descriptor: number): PacketDevice {
  const buffer = Buffer.alloc(BUFFER_BYTES);
  let endPoll: ((onClosed: () => void) => void) | undefined;
  let isClosed = false;

  function readSome(onPacket: (buffer: Buffer, bytes: number) => void): void {
    for (let packets = 0; packets < MAX_PACKETS_A_TURN && !isClosed; packets += 1) {
      const bytes = systemCalls.read(descriptor, buffer, BUFFER_BYTES);
      if (bytes > 0) onPacket(buffer, bytes);
      else {
        // An interface that is gone would be readable for ever.
        if (bytes < 0 && !NOTHING_YET.includes(lastErrno())) close();
        return;
      }
    }
  }

  function close(): void {
    if (isClosed) return;
    isClosed = true;
    const closeDescriptor = () => void systemCalls.close(descriptor);
    if (endPoll === undefined) closeDescriptor();
    else endPoll(closeDescriptor);
  }

  return {
    start(onPacket) {
      endPoll = pollDescriptor(descriptor, () => readSome(onPacket));
    },
    write(packet, bytes) {
      if (!isClosed) systemCalls.write(descriptor, packet, bytes);
    },
    close,
  };
}
