// Which TCP connections programs have open over the interface, as their kernel lists them. What is to become of them is
// for others to decide.

import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { parseAddress } from '@kubectl-tp/control-plane/addresses';
import type { NetworkAddresses } from './network-addresses.ts';
import type { Ends } from './packet.ts';

/** Of a network namespace: its interface's addresses, and a process in it. */
export type ProgramsPlace = { readonly pid: number | 'self'; readonly addresses: NetworkAddresses };

/**
 * States of linux/tcp_states.h in which no packet is to be awaited: a SYN that was sent is repeated by itself, and who
 * waits for the time of a closed connection to pass, or listens, has none.
 */
const NOT_OPEN = { synSent: 0x02, timeWait: 0x06, close: 0x07, listen: 0x0a };
/** The first twelve bytes of an IPv4 address that is written as an IPv6 one (RFC 4291, 2.5.5.2). */
const MAPPED = parseAddress('::ffff:0.0.0.0').subarray(0, 12);

/** From the program's view. None of a place that is gone, or whose kernel does not tell. */
export function readProgramConnections({ pid, addresses: { ipv4, ipv6 } }: ProgramsPlace): Ends[] {
  const own = [ipv4, ipv6].map(({ program }) => parseAddress(program));
  const isOwn = (address: Buffer) => own.some((one) => one.equals(address));
  return (
    ['tcp', 'tcp6']
      .flatMap((table) => readTable(`/proc/${pid}/net/${table}`))
      // What is the interface's own at both ends goes by loopback.
      .filter(({ source, destination }) => isOwn(source) && !isOwn(destination))
  );
}

function readTable(path: string): Ends[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return []; // ended in the meantime, or without this family
  }
  return text.split('\n').slice(1).flatMap(parseLine);
}

/** `0: 010000C0:9C40 09006A0A:0050 01 ...`: both ends and the state, in hexadecimal (proc_pid_net(5)). */
function parseLine(line: string): Ends[] {
  const [, local, remote, state = ''] = line.trim().split(/\s+/);
  if (local === undefined || remote === undefined) return [];
  if (Object.values(NOT_OPEN).includes(Number.parseInt(state, 16))) return [];
  const [source, sourcePort] = parseEnd(local);
  const [destination, destinationPort] = parseEnd(remote);
  return [{ source, sourcePort, destination, destinationPort }];
}

function parseEnd(end: string): [address: Buffer, port: number] {
  const [address = '', port = ''] = end.split(':');
  const bytes = Buffer.from(address, 'hex');
  // Words of four bytes, as this machine reads them.
  if (endianness() === 'LE') bytes.swap32();
  return [bytes.subarray(0, 12).equals(MAPPED) ? bytes.subarray(12) : bytes, Number.parseInt(port, 16)];
}
