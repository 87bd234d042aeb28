// Moves the packets of programs whose interface and listener this process has, to the network it has joined. Loads native
// code.

import { createLinuxTun } from '../../network/device/linux-tun.ts';
import type { Resolver } from '../../network/dns/resolver.ts';
import { serveDnsStream } from '../../network/dns/serve-dns-stream.ts';
import type { NetworkAddresses } from '../../network/network-addresses.ts';
import { createPacketNetwork, type PacketNetwork } from '../../network/packet-network.ts';
import { type ProgramsPlace, readProgramConnections } from '../../network/program-connections.ts';
import { listenerServer } from '../../network/rootless/open-listener.ts';
import { DialError, type Dialer } from '../../outbound/dialer.ts';

export type PacketsOptions = {
  readonly addresses: NetworkAddresses;
  readonly dialer: Dialer;
  readonly resolver: Resolver;
  /** Of a process among the programs. */
  readonly pid: ProgramsPlace['pid'];
  /** Taken over. */
  readonly descriptors: { readonly tun: number; readonly listener: number };
};

export function openPackets({ addresses, dialer, resolver, pid, descriptors }: PacketsOptions): PacketNetwork {
  return createPacketNetwork({
    device: createLinuxTun(descriptors.tun),
    listener: listenerServer(descriptors.listener),
    addresses,
    dialer,
    resolver,
    serveDns: (stream) => serveDnsStream(stream, resolver),
    connections: () => readProgramConnections({ pid, addresses }),
    reachable: (host) => isReachable(dialer, host),
    now: () => performance.now(),
    random: Math.random,
  });
}

/** RFC 862's port, which hardly anybody listens on: a refusal comes from there, too. */
const ECHO_PORT = 7;
const REACHABLE_WITHIN_MS = 3000;

async function isReachable(dialer: Dialer, host: string): Promise<boolean> {
  try {
    const stream = await dialer.connect({ host, port: ECHO_PORT }, AbortSignal.timeout(REACHABLE_WITHIN_MS));
    stream.destroy();
    return true;
  } catch (error) {
    return error instanceof DialError && error.failure === 'refused';
  }
}
