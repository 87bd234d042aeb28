// Joins programs' TCP connections with dialed ones. A program's SYN waits until the far side has accepted, so that the
// program learns at its connect() what it would learn in the cluster: accepted, refused, unreachable, or nothing.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { resetSocket, splice } from '@kubectl-tp/control-plane/protocol';
import { DialError, type Dialer, type DialFailure } from '../outbound/dialer.ts';
import { buildReset, buildUnreachable, type Unreachable } from './answers.ts';
import type { Nat } from './nat.ts';
import type { Packet } from './packet.ts';
import type { TcpFlow } from './tcp-flow.ts';

export type TcpConnections = {
  /** A flow whose SYN is held. */
  open(flow: TcpFlow): void;
  /** A connection of the listener. */
  accept(socket: Socket): void;
  /** The flow is over. What was not joined yet is given up. */
  end(flow: TcpFlow): void;
  /** Programs see a reset. */
  close(): void;
};

export type TcpConnectionsOptions = {
  readonly nat: Nat;
  readonly dialer: Pick<Dialer, 'connect'>;
  /** How the gateway itself serves a port; undefined when nobody listens there. */
  readonly serviceAt: (flow: TcpFlow) => ((stream: Duplex) => void) | 'dial' | undefined;
  readonly gatewayFor: (packet: Packet) => Buffer;
  readonly isGateway: (address: string) => boolean;
  readonly write: (packet: Buffer) => void;
  readonly now: () => number;
};

type Opening = { readonly abort: AbortController; join?: (socket: Socket) => void };

/**
 * What the program's connect() is told. A way that is down is a network that is away: programs take a refusal for a
 * server that is not started. EACCES stands for "prohibited" with IPv6 only; IPv4 makes EHOSTUNREACH of it.
 */
const ANSWERS: Readonly<Record<Exclude<DialFailure, 'timeout' | 'refused'>, Unreachable>> = {
  unreachable: 'host',
  denied: 'prohibited',
  lost: 'network',
};

export function createTcpConnections(options: TcpConnectionsOptions): TcpConnections {
  const { nat, dialer, serviceAt, gatewayFor, isGateway, write, now } = options;
  const openings = new Map<TcpFlow, Opening>();
  const joined = new Set<Socket>();

  async function dial(flow: TcpFlow, { abort }: Opening): Promise<void> {
    let stream: Duplex;
    try {
      stream = await dialer.connect(flow.endpoint, abort.signal);
    } catch (error) {
      // Whatever else goes wrong on the way is a way that is down.
      return fail(flow, error instanceof DialError ? error.failure : 'lost');
    }
    // Until the program's side is there; splice looks whether it was destroyed.
    stream.on('error', () => undefined);
    if (abort.signal.aborted) return void stream.destroy();
    abort.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    release(flow, (socket) => spliceWith(socket, stream));
  }

  function release(flow: TcpFlow, join: (socket: Socket) => void): void {
    const opening = openings.get(flow);
    const syn = nat.release(flow, now());
    if (opening === undefined || syn === undefined) return;
    opening.join = join;
    write(syn.buffer);
  }

  function fail(flow: TcpFlow, failure: DialFailure): void {
    openings.delete(flow);
    if (flow.state !== 'held') return;
    // The kernel of the program repeats the SYN until its own limit, as it does for packets that are lost.
    if (failure === 'timeout') {
      nat.silence(flow);
      return;
    }
    const answer =
      failure === 'refused' ? buildReset(flow.syn) : buildUnreachable(flow.syn, ANSWERS[failure], gatewayFor(flow.syn));
    nat.forget(flow);
    if (answer !== undefined) write(answer);
  }

  return {
    open(flow) {
      if (flow.state !== 'held') return;
      const service = serviceAt(flow);
      if (service === undefined) return fail(flow, 'refused');
      const opening: Opening = { abort: new AbortController() };
      openings.set(flow, opening);
      if (service === 'dial') void dial(flow, opening);
      else release(flow, service);
    },
    accept(socket) {
      const { remoteAddress = '', remotePort = 0 } = socket;
      // Who connects to the listener itself, and not through the gateway, is no program on its way to the cluster.
      const flow = isGateway(remoteAddress) ? nat.flowAt(remotePort) : undefined;
      const join = flow && openings.get(flow)?.join;
      if (flow === undefined || join === undefined) return void resetSocket(socket);
      openings.delete(flow);
      flow.isJoined = true;
      joined.add(socket);
      socket.once('close', () => {
        flow.isJoined = false;
        joined.delete(socket);
      });
      join(socket);
    },
    end(flow) {
      const opening = openings.get(flow);
      openings.delete(flow);
      opening?.abort.abort();
    },
    close() {
      for (const [flow, { abort }] of [...openings]) {
        fail(flow, 'refused');
        nat.forget(flow);
        abort.abort();
      }
      for (const socket of joined) resetSocket(socket);
    },
  };
}

function spliceWith(socket: Socket, stream: Duplex): void {
  splice({ stream: socket, reset: () => resetSocket(socket) }, { stream, reset: () => stream.destroy() });
}
