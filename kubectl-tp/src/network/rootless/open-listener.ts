// The listener of a namespace: opened by the process inside, which keeps it without ever accepting, and served by
// another process that has taken the descriptor.

import { createServer, type Server } from 'node:net';
import { checked, SOCK_STREAM_CLOEXEC, SOL_SOCKET, systemCalls } from '../device/system-calls.ts';
import { ADDRESS_FAMILY } from '../netlink/messages.ts';
import { hasIpv6 } from './setup-interface.ts';

/** Without privileges since Linux 5.7, for sockets that are bound to none yet. */
const SO_BINDTODEVICE = 25;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** As much as the kernel allows by default; a thousand connections at once must not overflow it. */
const BACKLOG = 4096;

/**
 * On any address and any free port, IPv4 included. Not by node:net, which would accept what another process is to get.
 * With `device`, only what comes in by that interface is accepted: nobody else's network leads there.
 */
export function openListener(device?: string): number {
  const version = hasIpv6() ? 6 : 4;
  const descriptor = checked('opening a socket', systemCalls.socket(ADDRESS_FAMILY[version], SOCK_STREAM_CLOEXEC, 0));
  if (version === 6) {
    const off = Buffer.alloc(4);
    checked('setsockopt', systemCalls.setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, off, off.length));
  }
  if (device !== undefined) {
    const name = Buffer.from(`${device}\0`);
    checked('SO_BINDTODEVICE', systemCalls.setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name, name.length));
  }
  // All zero but the family: any address, any port. struct sockaddr_in6 has 28 bytes, sockaddr_in 16.
  const anyAddress = Buffer.alloc(version === 6 ? 28 : 16);
  anyAddress.writeUInt16LE(ADDRESS_FAMILY[version]);
  checked('bind', systemCalls.bind(descriptor, anyAddress, anyAddress.length));
  checked('listen', systemCalls.listen(descriptor, BACKLOG));
  return descriptor;
}

/** Takes over the descriptor. It listens already; 'connection' events begin at once. */
export function listenerServer(descriptor: number): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen({ fd: descriptor });
  // Node has just set its own, smaller backlog.
  checked('listen', systemCalls.listen(descriptor, BACKLOG));
  return server;
}
