// One TCP connection of a program, as its packets show it: which state it is in, when it is over. Who may open one and
// what is written back is decided in nat.ts.

import { formatAddress, type IpVersion } from '@kubectl-tp/control-plane/addresses';
import type { Endpoint } from '../outbound/dialer.ts';
import {
  copyPacket,
  destinationAddress,
  destinationPort,
  flowKey,
  type Packet,
  sourceAddress,
  sourcePort,
  TCP_FLAG,
} from './packet.ts';

export type TcpFlowState =
  /** Its SYN waits until the far side has accepted. */
  | 'held'
  /** Nothing came back from the far side: the program's SYNs are left without answer, as there. */
  | 'silent'
  /** The listener has got the SYN. */
  | 'open'
  /** Reset, or ended by both sides; late packets still pass. */
  | 'closed';

export type TcpFlow = {
  readonly key: string;
  readonly version: IpVersion;
  /** The program's end. */
  readonly source: Buffer;
  readonly sourcePort: number;
  readonly destination: Buffer;
  readonly endpoint: Endpoint;
  /** From which port of the gateway the listener sees it come. */
  readonly gatewayPort: number;
  readonly syn: Packet;
  state: TcpFlowState;
  lastPacketMs: number;
  /** Between the last two SYNs of the program. */
  synPauseMs: number;
  hasProgramEnded: boolean;
  hasListenerEnded: boolean;
  /** While the listener's connection is open: then only that tells when the flow is over. */
  isJoined: boolean;
};

/** A program repeats its SYN after a second at first, and then after at most twice as long as before (RFC 6298). */
const FIRST_SYN_PAUSE_MS = 1000;
/** More than the delay of a busy machine. */
const SYN_SLACK_MS = 1000;
/** Of connections that both ends have left, or never finished to open (RFC 5382, REQ-5). */
const TRANSITORY_MS = 240_000;
/** The interface loses packets when its queue is full; a last one that is sent again comes within this time. */
const LINGER_MS = 5000;

export function createTcpFlow(packet: Packet, gatewayPort: number, nowMs: number): TcpFlow {
  const syn = copyPacket(packet);
  const destination = destinationAddress(syn);
  return {
    key: flowKey(syn),
    version: syn.version,
    source: sourceAddress(syn),
    sourcePort: sourcePort(syn),
    destination,
    endpoint: { host: formatAddress(destination), port: destinationPort(syn) },
    gatewayPort,
    syn,
    state: 'held',
    lastPacketMs: nowMs,
    synPauseMs: FIRST_SYN_PAUSE_MS,
    hasProgramEnded: false,
    hasListenerEnded: false,
    isJoined: false,
  };
}

export const flagsOf = ({ buffer, transport }: Packet): number => buffer[transport + 13] ?? 0;

export const isOpening = (packet: Packet): boolean =>
  (flagsOf(packet) & (TCP_FLAG.syn | TCP_FLAG.ack | TCP_FLAG.rst)) === TCP_FLAG.syn;

/** Whether a SYN is the flow's own once more, and not that of a new connection between the same ports. */
export function isRepeatedSyn({ syn, state }: TcpFlow, packet: Packet): boolean {
  return state !== 'closed' && sequenceOf(packet) === sequenceOf(syn);
}

const sequenceOf = ({ buffer, transport }: Packet): number => buffer.readUInt32BE(transport + 4);

export function noteRepeatedSyn(flow: TcpFlow, nowMs: number): void {
  flow.synPauseMs = Math.max(FIRST_SYN_PAUSE_MS, nowMs - flow.lastPacketMs);
  flow.lastPacketMs = nowMs;
}

/** Takes notice of a packet that passes. Returns whether it has closed the flow. */
export function notePassing(flow: TcpFlow, flags: number, from: 'program' | 'listener', nowMs: number): boolean {
  flow.lastPacketMs = nowMs;
  if (flow.state !== 'open') return false;
  if (flags & TCP_FLAG.fin) {
    if (from === 'program') flow.hasProgramEnded = true;
    else flow.hasListenerEnded = true;
  }
  if (!(flags & TCP_FLAG.rst) && !(flow.hasProgramEnded && flow.hasListenerEnded)) return false;
  flow.state = 'closed';
  return true;
}

/**
 * A program that gives up while its SYN is held sends nothing: it is gone when its next SYN does not come. An idle
 * connection that is open at both ends never expires.
 */
export function isExpired(flow: TcpFlow, nowMs: number): boolean {
  const quietMs = nowMs - flow.lastPacketMs;
  if (flow.state === 'closed') return quietMs > LINGER_MS;
  if (flow.state === 'open') return !flow.isJoined && quietMs > TRANSITORY_MS;
  return quietMs > 2 * flow.synPauseMs + SYN_SLACK_MS;
}
