// The life of a connection in the table: held, let go, refused, ended, forgotten.

import test from 'ava';
import { parseAddress } from '../../../control-plane/src/addresses/index.ts';
import { createNat, type NatOptions, type Verdict } from '../../../kubectl-tp/src/network/nat.ts';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import { parsePacket } from '../../../kubectl-tp/src/network/packet.ts';
import type { TcpFlow } from '../../../kubectl-tp/src/network/tcp-flow.ts';
import { tcpHeader, writePacket } from '../../helpers/packets.ts';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const LISTENER_PORT = 40_000;
const program = parseAddress(OWN_ADDRESSES.ipv4.program);
const gateway = parseAddress(OWN_ADDRESSES.ipv4.gateway);
const far = parseAddress('10.96.0.9');

function createScene(options: Partial<NatOptions> = {}) {
  const ended: TcpFlow[] = [];
  const nat = createNat({
    addresses: OWN_ADDRESSES,
    listenerPort: LISTENER_PORT,
    firstPort: 7,
    onEnd: (flow) => ended.push(flow),
    ...options,
  });
  const translate = (source: Buffer, destination: Buffer, transport: Buffer, nowMs: number): Verdict => {
    const bytes = writePacket({ version: 4, protocol: 6, source, destination, transport });
    const packet = parsePacket(bytes, bytes.length);
    if (packet === undefined) throw new Error('not a packet');
    return nat.translate(packet, nowMs);
  };
  const send = (flags: number, nowMs: number, { port = 5000, sequence = 1 } = {}) =>
    translate(program, far, tcpHeader([port, 80], flags, sequence), nowMs);
  const answer = (flow: TcpFlow, flags: number, nowMs: number) =>
    translate(program, gateway, tcpHeader([LISTENER_PORT, flow.gatewayPort], flags), nowMs);
  const open = (nowMs: number, at: { port?: number; sequence?: number } = {}): TcpFlow => {
    const verdict = send(SYN, nowMs, at);
    if (verdict.kind !== 'opening') throw new Error(verdict.kind);
    return verdict.flow;
  };
  return { nat, ended, send, answer, open };
}

test('a SYN that comes again while it is held opens nothing, and keeps it alive', (t) => {
  const { nat, ended, send, open } = createScene();
  const flow = open(0);
  // The pauses of Linux: 1, 2, 4, ... seconds.
  for (const atMs of [1000, 3000, 7000, 15_000, 31_000]) {
    nat.expire(atMs - 1);
    t.is(send(SYN, atMs).kind, 'drop');
  }
  t.is(flow.state, 'held');
  t.deepEqual(ended, []);
});

test('a program that gives up while its SYN is held is noticed by the SYN that does not come', (t) => {
  const { nat, ended, open } = createScene();
  const flow = open(0);
  nat.expire(3000);
  t.deepEqual(ended, []);
  nat.expire(3001);
  t.deepEqual(ended, [flow]);
  t.is(nat.release(flow, 3001), undefined);
  t.is(nat.flowAt(flow.gatewayPort), undefined);
});

test('another SYN between the same ports is another connection', (t) => {
  const { nat, ended, open } = createScene();
  const first = open(0, { sequence: 1 });
  const second = open(10, { sequence: 2 });
  t.deepEqual(ended, [first]);
  t.not(second.gatewayPort, first.gatewayPort);
  t.is(nat.release(first, 10), undefined);
  t.truthy(nat.release(second, 10));
});

test('after silence SYNs are left without answer, until the program stops', (t) => {
  const { nat, ended, send, open } = createScene();
  const flow = open(0);
  nat.silence(flow);
  t.is(send(SYN, 1000).kind, 'drop');
  t.is(nat.release(flow, 1000), undefined);
  nat.expire(3000);
  t.deepEqual(ended, []);
  nat.expire(4001);
  t.deepEqual(ended, [flow]);
});

test('a reset ends a connection in any state', (t) => {
  const { nat, ended, send, answer, open } = createScene();
  const held = open(0, { port: 1 });
  t.is(send(RST, 1, { port: 1 }).kind, 'drop');
  const byProgram = open(0, { port: 2 });
  nat.release(byProgram, 0);
  t.is(send(RST, 1, { port: 2 }).kind, 'write');
  const byListener = open(0, { port: 3 });
  nat.release(byListener, 0);
  t.is(answer(byListener, RST | ACK, 1).kind, 'write');
  t.deepEqual(ended, [held, byProgram, byListener]);
});

test('ended by both sides, a connection passes late packets for a while', (t) => {
  const { nat, ended, send, answer, open } = createScene();
  const flow = open(0);
  nat.release(flow, 0);
  send(FIN | ACK, 10);
  t.is(flow.state, 'open');
  answer(flow, FIN | ACK, 20);
  t.is(flow.state, 'closed');
  t.deepEqual(ended, [flow]);
  nat.expire(5020);
  t.is(send(ACK, 5020).kind, 'write');
  nat.expire(10_021);
  t.is(send(ACK, 10_021).kind, 'reset');
  t.is(nat.flowAt(flow.gatewayPort), undefined);
});

test('a connection whose ports come again while it lingers is a new one', (t) => {
  const { nat, send, open } = createScene();
  const flow = open(0);
  nat.release(flow, 0);
  send(RST, 1);
  const next = open(2);
  t.not(next, flow);
  // The late expiry of the first does not take the second away.
  nat.release(next, 2);
  nat.expire(100_000);
  t.is(send(ACK, 100_000).kind, 'write');
});

test('an idle connection stays while the listener has it, and goes some minutes after', (t) => {
  const { nat, ended, open } = createScene();
  const flow = open(0);
  nat.release(flow, 0);
  flow.isJoined = true;
  nat.expire(100 * 3600_000);
  t.deepEqual(ended, []);
  flow.isJoined = false;
  nat.expire(240_000);
  t.deepEqual(ended, []);
  nat.expire(240_001);
  t.deepEqual(ended, [flow]);
});

test('packets of no connection are to be reset, from either side', (t) => {
  const { nat, send, answer, open } = createScene();
  t.is(send(ACK, 0).kind, 'reset');
  t.is(send(SYN | ACK, 0).kind, 'reset');
  const flow = open(0);
  nat.forget(flow);
  t.is(answer(flow, ACK, 0).kind, 'reset');
});

test('a full table leaves SYNs without answer; ports are taken in turn and come around', (t) => {
  const { nat, send, open } = createScene({ maxFlows: 3, firstPort: 65_536 - 1024 - 2 });
  const flows = [1, 2, 3].map((port) => open(0, { port }));
  t.deepEqual(
    flows.map(({ gatewayPort }) => gatewayPort),
    [65_534, 65_535, 1024],
  );
  t.is(send(SYN, 0, { port: 4 }).kind, 'drop');
  for (const flow of flows) nat.forget(flow);
  t.is(open(0, { port: 4 }).gatewayPort, 1025);
});
