// Connects to ports inside of a command's namespace, from another process: with sockets that the process inside has
// made ahead (offer-sockets.ts). A dial is a few system calls here, and asks nobody.

import { Socket } from 'node:net';
import { constants } from 'node:os';
import { parseAddress } from '@kubectl-tp/control-plane/addresses';
import { waitFor } from '@kubectl-tp/control-plane/waiting';
import { lastErrno, systemCalls } from '../device/system-calls.ts';
import { ADDRESS_FAMILY } from '../netlink/messages.ts';
import type { NamespaceDescriptors } from './messages.ts';
import { TICKET_BYTES } from './offer-sockets.ts';
import { hasIpv6 } from './setup-interface.ts';
import { type OtherProcess, openProcess } from './take-descriptor.ts';

export type NamespaceDialer = {
  /** By the namespace's loopback. Resolves with undefined when nobody accepts or the signal is aborted. */
  dial(port: number, signal: AbortSignal): Promise<Socket | undefined>;
  /** Connections stay. */
  close(): void;
};

/** Many development servers listen on one of the two only. The first is 127.0.0.1 (RFC 4291, 2.5.5.2). */
const LOOPBACK_OF_IPV6_SOCKETS = ['::ffff:127.0.0.1', '::1'];
const LOOPBACK_OF_IPV4_SOCKETS = ['127.0.0.1'];
/** An application on this machine that does not accept within this time is as good as absent. */
const CONNECT_TIMEOUT_MS = 3000;
/** All sockets are taken, or the application's queue is full: rare, and over soon. */
const LOOK_AGAIN_MS = 1;

const { EAGAIN, EALREADY, EINPROGRESS, EINTR } = constants.errno;
const UNDER_WAY: readonly number[] = [EALREADY, EINPROGRESS, EINTR];
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Throws when the namespace is gone. */
export function createNamespaceDialer({ pid, sockets }: NamespaceDescriptors): NamespaceDialer {
  const inside = openProcess(pid);
  const channel = inside.take(sockets);
  const isIpv6 = hasIpv6();
  let isOpen = true;

  async function dialOne(address: string, port: number, wait: Wait): Promise<Socket | undefined> {
    const to = socketAddress(address, port);
    const descriptor = await takeSocket(wait);
    if (descriptor === undefined) return undefined;
    for (;;) {
      if (systemCalls.connect(descriptor, to, to.length) === 0) {
        // One that breaks before anybody uses it must not end the process.
        return new Socket({ fd: descriptor, allowHalfOpen: true }).setNoDelay(true).on('error', () => undefined);
      }
      // The packets of loopback have passed when the call returns, so the next one knows the answer.
      if (!UNDER_WAY.includes(lastErrno()) || !(await wait())) break;
    }
    systemCalls.close(descriptor);
    return undefined;
  }

  async function takeSocket(wait: Wait): Promise<number | undefined> {
    while (isOpen) {
      const taken = takeOffered(inside, channel);
      if (taken !== 'none yet') return taken;
      if (!(await wait())) return undefined;
    }
    return undefined;
  }

  return {
    async dial(port, signal) {
      const wait = createWait(signal);
      for (const address of isIpv6 ? LOOPBACK_OF_IPV6_SOCKETS : LOOPBACK_OF_IPV4_SOCKETS) {
        const socket = await dialOne(address, port, wait);
        if (socket !== undefined) return socket;
      }
      return undefined;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      systemCalls.close(channel);
      inside.close();
    },
  };
}

/** Undefined when the namespace is gone. */
function takeOffered(inside: OtherProcess, channel: number): number | 'none yet' | undefined {
  const ticket = Buffer.alloc(TICKET_BYTES);
  const bytes = systemCalls.recv(channel, ticket, TICKET_BYTES, MSG_DONTWAIT);
  if (bytes !== TICKET_BYTES) return bytes < 0 && lastErrno() === EAGAIN ? 'none yet' : undefined;
  try {
    return inside.take(ticket.readInt32LE(0));
  } catch {
    return undefined;
  } finally {
    systemCalls.send(channel, ticket, TICKET_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

/** False when there is nothing to wait for any more. */
type Wait = () => Promise<boolean>;

/** The first wait of a dial is over at once. */
function createWait(signal: AbortSignal): Wait {
  const deadlineMs = performance.now() + CONNECT_TIMEOUT_MS;
  let isFirst = true;
  return async () => {
    if (!isFirst) await waitFor(LOOK_AGAIN_MS, signal);
    isFirst = false;
    return !signal.aborted && performance.now() < deadlineMs;
  };
}

/** struct sockaddr_in of 16 bytes, sockaddr_in6 of 28: family, port, and the address at 4 or 8. */
function socketAddress(text: string, port: number): Buffer {
  const address = parseAddress(text);
  const version = address.length === 4 ? 4 : 6;
  const bytes = Buffer.alloc(version === 4 ? 16 : 28);
  bytes.writeUInt16LE(ADDRESS_FAMILY[version]);
  bytes.writeUInt16BE(port, 2);
  address.copy(bytes, version === 4 ? 4 : 8);
  return bytes;
}
