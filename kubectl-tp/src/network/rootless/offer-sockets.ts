// Sockets of a namespace for another process to connect with. A socket belongs to the network that it was made in,
// whoever connects it: made ahead, it costs that process no question. Who takes them is namespace-dialer.ts.

import { Socket } from 'node:net';
import { checked, systemCalls } from '../device/system-calls.ts';
import { ADDRESS_FAMILY } from '../netlink/messages.ts';
import { hasIpv6 } from './setup-interface.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
/** So many connections may begin in one turn of the taker's event loop without waiting. About 2 KiB each. */
const OFFERED = 64;
/** A ticket is the number of a socket's descriptor in this process, whoever holds it may take that socket. */
export const TICKET_BYTES = 4;

/**
 * Returns the descriptor of a channel full of tickets: who reads one takes the socket, and writes the ticket back for a
 * new socket with the same number. The channel remembers nothing of who reads it, so that after a killed process the
 * next one goes on where that one stopped.
 */
export function offerSockets(): number {
  const [own, shared] = openPair();
  const channel = new Socket({ fd: own });
  const offer = (descriptor: number) => {
    const ticket = Buffer.alloc(TICKET_BYTES);
    ticket.writeInt32LE(descriptor);
    channel.write(ticket);
  };
  for (let count = 0; count < OFFERED; count += 1) offer(openSocket());
  channel.on('data', (tickets: Buffer) => {
    for (let at = 0; at + TICKET_BYTES <= tickets.length; at += TICKET_BYTES) {
      const descriptor = tickets.readInt32LE(at);
      renew(descriptor);
      offer(descriptor);
    }
  });
  return shared;
}

function openPair(): readonly [own: number, shared: number] {
  const pair = Buffer.alloc(8);
  checked('socketpair', systemCalls.socketpair(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, pair));
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** One of IPv6 connects to IPv4, too. Non-blocking: the taker has other things to do. */
function openSocket(): number {
  const family = ADDRESS_FAMILY[hasIpv6() ? 6 : 4];
  return checked('opening a socket', systemCalls.socket(family, SOCK_STREAM | O_CLOEXEC | O_NONBLOCK, 0));
}

/** The taken one lives on in the process that took it. */
function renew(descriptor: number): void {
  const fresh = openSocket();
  checked('dup3', systemCalls.dup3(fresh, descriptor, O_CLOEXEC));
  systemCalls.close(fresh);
}
