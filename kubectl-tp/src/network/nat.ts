// Leads the TCP connections of programs to one listener: what a program sends to an address of the cluster is rewritten
// as if the gateway sent it to the listener, and back. A new connection's SYN is held until the caller lets it go.

import { parseAddress } from '@kubectl-tp/control-plane/addresses';
import { sumWords, updateChecksum } from './checksum.ts';
import type { AddressPair, NetworkAddresses } from './network-addresses.ts';
import { destinationPort, flowKey, type Packet, sourcePort } from './packet.ts';
import {
  createTcpFlow,
  flagsOf,
  isExpired,
  isOpening,
  isRepeatedSyn,
  notePassing,
  noteRepeatedSyn,
  type TcpFlow,
} from './tcp-flow.ts';

export type Verdict =
  /** Rewritten in place: back to the device with it. */
  | { readonly kind: 'write' }
  | { readonly kind: 'drop' }
  /** Belongs to no connection. */
  | { readonly kind: 'reset' }
  /** A new connection, whose SYN is held. */
  | { readonly kind: 'opening'; readonly flow: TcpFlow };

export type NatOptions = {
  readonly addresses: NetworkAddresses;
  readonly listenerPort: number;
  /**
   * Any number. Chosen at random, it keeps away from connections of an earlier NAT before the same listener, whose ends
   * may still wait there.
   */
  readonly firstPort: number;
  /** Once for each flow, when it is closed or forgotten. */
  readonly onEnd: (flow: TcpFlow) => void;
  readonly maxFlows?: number;
};

export type Nat = {
  /** A TCP packet that came from the device. */
  translate(packet: Packet, nowMs: number): Verdict;
  /** Lets a held flow go on: its SYN for the listener, to be written. Undefined when it is over. */
  release(flow: TcpFlow, nowMs: number): Packet | undefined;
  /** From now on SYNs of this held flow get no answer. */
  silence(flow: TcpFlow): void;
  forget(flow: TcpFlow): void;
  flowAt(gatewayPort: number): TcpFlow | undefined;
  /** By the key of what the program sends. */
  isKnown(key: string): boolean;
  hasOpenFlows(): boolean;
  /** To be called about once a second. */
  expire(nowMs: number): void;
};

/** About 1 KiB each. SYNs beyond that get no answer, so that programs try again. */
export const MAX_TCP_FLOWS = 32_768;
/** Lower ones have names that would mislead who looks at the listener's connections. */
const LEAST_PORT = 1024;
const PORTS = 65_536 - LEAST_PORT;

const WRITE: Verdict = { kind: 'write' };
const DROP: Verdict = { kind: 'drop' };
const RESET: Verdict = { kind: 'reset' };

export function createNat(options: NatOptions): Nat {
  const { listenerPort, onEnd, maxFlows = MAX_TCP_FLOWS } = options;
  const ends = { 4: parseEnds(options.addresses.ipv4), 6: parseEnds(options.addresses.ipv6) };
  const byKey = new Map<string, TcpFlow>();
  const byPort = new Map<number, TcpFlow>();
  let nextPort = options.firstPort % PORTS;

  function translate(packet: Packet, nowMs: number): Verdict {
    return isFromListener(packet) ? fromListener(packet, nowMs) : fromProgram(packet, nowMs);
  }

  function isFromListener(packet: Packet): boolean {
    const { answer } = ends[packet.version];
    const { buffer, addresses } = packet;
    return sourcePort(packet) === listenerPort && answer.compare(buffer, addresses, addresses + answer.length) === 0;
  }

  function fromListener(packet: Packet, nowMs: number): Verdict {
    const flow = byPort.get(destinationPort(packet));
    if (flow === undefined || flow.version !== packet.version) return RESET;
    pass(flow, packet, 'listener', nowMs);
    rewrite(packet, flow.destination, flow.endpoint.port, flow.source, flow.sourcePort);
    return WRITE;
  }

  function fromProgram(packet: Packet, nowMs: number): Verdict {
    const flow = byKey.get(flowKey(packet));
    if (isOpening(packet)) {
      if (flow === undefined || !isRepeatedSyn(flow, packet)) return open(flow, packet, nowMs);
      if (flow.state !== 'open') {
        noteRepeatedSyn(flow, nowMs);
        return DROP;
      }
    }
    if (flow === undefined) return RESET;
    if (flow.state === 'held' || flow.state === 'silent') {
      // Nothing else than a reset belongs to a connection that is not open.
      forget(flow);
      return DROP;
    }
    pass(flow, packet, 'program', nowMs);
    toListener(flow, packet);
    return WRITE;
  }

  function open(former: TcpFlow | undefined, packet: Packet, nowMs: number): Verdict {
    if (former !== undefined) forget(former);
    if (byKey.size >= maxFlows) return DROP;
    const flow = createTcpFlow(packet, freePort(), nowMs);
    byKey.set(flow.key, flow);
    byPort.set(flow.gatewayPort, flow);
    return { kind: 'opening', flow };
  }

  /** In turn: a port comes again late, when its last connection's ends no longer wait. */
  function freePort(): number {
    let port: number;
    do {
      port = LEAST_PORT + nextPort;
      nextPort = (nextPort + 1) % PORTS;
    } while (byPort.has(port));
    return port;
  }

  function pass(flow: TcpFlow, packet: Packet, from: 'program' | 'listener', nowMs: number): void {
    if (notePassing(flow, flagsOf(packet), from, nowMs)) onEnd(flow);
  }

  function toListener(flow: TcpFlow, packet: Packet): void {
    const { gateway, program } = ends[flow.version];
    rewrite(packet, gateway, flow.gatewayPort, program, listenerPort);
  }

  function forget(flow: TcpFlow): void {
    if (byKey.get(flow.key) === flow) byKey.delete(flow.key);
    if (!byPort.delete(flow.gatewayPort) || flow.state === 'closed') return;
    flow.state = 'closed';
    onEnd(flow);
  }

  return {
    translate,
    release(flow, nowMs) {
      if (flow.state !== 'held') return undefined;
      flow.state = 'open';
      flow.lastPacketMs = nowMs;
      toListener(flow, flow.syn);
      return flow.syn;
    },
    silence(flow) {
      if (flow.state === 'held') flow.state = 'silent';
    },
    forget,
    flowAt: (gatewayPort) => byPort.get(gatewayPort),
    isKnown: (key) => byKey.has(key),
    hasOpenFlows: () => [...byPort.values()].some(({ state }) => state === 'open'),
    expire(nowMs) {
      for (const flow of byPort.values()) if (isExpired(flow, nowMs)) forget(flow);
    },
  };
}

type Ends = {
  readonly program: Buffer;
  readonly gateway: Buffer;
  /** Addresses of what the listener sends, as they stand in a packet. */
  readonly answer: Buffer;
};

function parseEnds(addresses: AddressPair): Ends {
  const program = parseAddress(addresses.program);
  const gateway = parseAddress(addresses.gateway);
  return { program, gateway, answer: Buffer.concat([program, gateway]) };
}

/** In place, checksums included. */
function rewrite(packet: Packet, source: Buffer, fromPort: number, destination: Buffer, toPort: number): void {
  const { buffer, version, addresses, transport } = packet;
  const addressesEnd = addresses + 2 * source.length;
  const addressesBefore = sumWords(buffer, addresses, addressesEnd);
  const portsBefore = sumWords(buffer, transport, transport + 4);
  source.copy(buffer, addresses);
  destination.copy(buffer, addresses + source.length);
  buffer.writeUInt16BE(fromPort, transport);
  buffer.writeUInt16BE(toPort, transport + 2);
  const addressesAfter = sumWords(buffer, addresses, addressesEnd);
  const checksum = buffer.readUInt16BE(transport + 16);
  const updated = updateChecksum(checksum, addressesBefore + portsBefore, addressesAfter + fromPort + toPort);
  buffer.writeUInt16BE(updated, transport + 16);
  if (version === 4) {
    buffer.writeUInt16BE(updateChecksum(buffer.readUInt16BE(10), addressesBefore, addressesAfter), 10);
  }
}
