// Datagrams of programs: one flow of the dialer for each pair of ends, until it is idle for a while. Answers are written
// back as from where the program sent to.

import { formatAddress } from '@kubectl-tp/control-plane/addresses';
import type { DatagramFlow, Dialer, DialFailure } from '../outbound/dialer.ts';
import { buildDatagram, buildUnreachable, MAX_QUOTED_BYTES, type Unreachable } from './answers.ts';
import {
  copyPacket,
  destinationAddress,
  destinationPort,
  type Ends,
  flowKey,
  type Packet,
  sourceAddress,
  sourcePort,
} from './packet.ts';

export type UdpFlows = {
  /** Keeps the packet: it must not be the device's. */
  send(packet: Packet): void;
  /** To be called about once a second. */
  expire(): void;
  close(): void;
};

export type UdpFlowsOptions = {
  readonly dialer: Pick<Dialer, 'openDatagrams'>;
  /** Whose word it is that an address cannot be reached. */
  readonly gatewayFor: (packet: Packet) => Buffer;
  readonly write: (packet: Buffer) => void;
  readonly now: () => number;
  readonly maxFlows?: number;
};

/** Longer than the 30 s after which most programs repeat themselves or give up. */
export const UDP_IDLE_MS = 60_000;
/** A program that scans or resolves by itself opens one for each question; beyond this the longest idle one ends. */
const MAX_UDP_FLOWS = 4096;

/** What the socket of a program is told. Silence is what it would see of a lost datagram. */
const ANSWERS: Readonly<Record<DialFailure, Unreachable | undefined>> = {
  refused: 'port',
  unreachable: 'host',
  denied: 'prohibited',
  lost: 'network',
  timeout: undefined,
};

type UdpFlow = { datagrams: DatagramFlow | undefined; lastUseMs: number };

export function createUdpFlows(options: UdpFlowsOptions): UdpFlows {
  const { dialer, gatewayFor, write, now, maxFlows = MAX_UDP_FLOWS } = options;
  /** The longest idle one first. */
  const flows = new Map<string, UdpFlow>();

  function open(key: string, packet: Packet): UdpFlow {
    const flow: UdpFlow = { datagrams: undefined, lastUseMs: now() };
    const first = copyPacket(packet, MAX_QUOTED_BYTES);
    const ends = backwards(packet);
    flows.set(key, flow);
    flow.datagrams = dialer.openDatagrams(
      { host: formatAddress(ends.source), port: ends.sourcePort },
      {
        onMessage(data) {
          if (flows.get(key) !== flow) return;
          use(key, flow);
          const answer = buildDatagram(ends, data);
          if (answer !== undefined) write(answer);
        },
        onClose(failure) {
          if (flows.get(key) !== flow) return;
          flows.delete(key);
          const why = ANSWERS[failure];
          const answer = why === undefined ? undefined : buildUnreachable(first, why, gatewayFor(first));
          if (answer !== undefined) write(answer);
        },
      },
    );
    return flow;
  }

  function use(key: string, flow: UdpFlow): void {
    flow.lastUseMs = now();
    flows.delete(key);
    flows.set(key, flow);
  }

  function end(key: string, { datagrams }: UdpFlow): void {
    flows.delete(key);
    datagrams?.close();
  }

  return {
    send(packet) {
      const key = flowKey(packet);
      const flow = flows.get(key) ?? open(key, packet);
      // A dialer that knows at once that nobody is there has ended it.
      if (flows.get(key) !== flow) return;
      use(key, flow);
      flow.datagrams?.send(datagramOf(packet));
      const [longestIdle] = flows;
      if (flows.size > maxFlows && longestIdle !== undefined) end(...longestIdle);
    },
    expire() {
      for (const [key, flow] of flows) {
        if (now() - flow.lastUseMs <= UDP_IDLE_MS) break;
        end(key, flow);
      }
    },
    close() {
      for (const [key, flow] of flows) end(key, flow);
    },
  };
}

export function datagramOf({ buffer, transport, bytes }: Packet): Buffer {
  return buffer.subarray(transport + 8, Math.min(bytes, transport + buffer.readUInt16BE(transport + 4)));
}

/** Ends of an answer. */
export function backwards(packet: Packet): Ends {
  return {
    source: destinationAddress(packet),
    sourcePort: destinationPort(packet),
    destination: sourceAddress(packet),
    destinationPort: sourcePort(packet),
  };
}
