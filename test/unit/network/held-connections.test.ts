// What becomes of a dial while the program's SYN is held: packets by hand, everything behind the device is real.

import { once } from 'node:events';
import { createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { parseAddress } from '../../../control-plane/src/addresses/index.ts';
import type { Resolver } from '../../../kubectl-tp/src/network/dns/resolver.ts';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import { createPacketNetwork } from '../../../kubectl-tp/src/network/packet-network.ts';
import { DialError } from '../../../kubectl-tp/src/outbound/dialer.ts';
import { tcpHeader, writePacket } from '../../helpers/packets.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const SYN = 0x02;
const RST = 0x04;
const source = parseAddress(OWN_ADDRESSES.ipv4.program);
const resolver: Resolver = { answer: async (question) => question };

/** `dial` decides how each dial ends. */
async function createScene(t: ExecutionContext, dial: (signal: AbortSignal) => Promise<never>) {
  const scene = { nowMs: 0, signals: [] as AbortSignal[], written: [] as Buffer[], isDeviceClosed: false };
  let receive: (buffer: Buffer, bytes: number) => void = () => undefined;
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const network = createPacketNetwork({
    device: {
      start: (onPacket) => {
        receive = onPacket;
      },
      write: (buffer, bytes) => scene.written.push(Buffer.from(buffer.subarray(0, bytes))),
      close: () => {
        scene.isDeviceClosed = true;
      },
    },
    listener,
    addresses: OWN_ADDRESSES,
    dialer: {
      connect(_to, signal) {
        scene.signals.push(signal);
        return dial(signal);
      },
      openDatagrams: () => ({ send: () => undefined, close: () => undefined }),
    },
    resolver,
    serveDns: (stream) => stream.end(),
    connections: () => [],
    reachable: async () => false,
    now: () => scene.nowMs,
    random: () => 0.5,
  });
  t.teardown(() => network.close());
  const send = (flags: number, destination = '10.96.0.9') => {
    const transport = tcpHeader([5000, 80], flags, 1);
    const packet = writePacket({ version: 4, protocol: 6, source, destination: parseAddress(destination), transport });
    receive(packet, packet.length);
  };
  return { scene, send, network };
}

const never = () => new Promise<never>(() => undefined);

test('SYNs that come again do not dial again', async (t) => {
  const { scene, send } = await createScene(t, never);
  for (let repeat = 0; repeat < 3; repeat += 1) send(SYN);
  await waitFor('the dial', () => scene.signals.length > 0);
  send(SYN);
  send(SYN, '10.96.0.10');
  await waitFor('the dial to elsewhere', () => scene.signals.length > 1);
  t.is(scene.signals.length, 2);
  t.deepEqual(scene.written, []);
});

test('after a timeout neither', async (t) => {
  const { scene, send } = await createScene(t, async () => {
    throw new DialError('timeout', 'nothing came back');
  });
  send(SYN);
  await waitFor('the dial', () => scene.signals.length > 0);
  send(SYN);
  send(SYN, '10.96.0.10');
  await waitFor('the dial to elsewhere', () => scene.signals.length > 1);
  t.is(scene.signals.length, 2);
  t.deepEqual(scene.written, []);
});

test('a reset of the program ends the dial', async (t) => {
  const { scene, send } = await createScene(t, never);
  send(SYN);
  await waitFor('the dial', () => scene.signals.length > 0);
  t.false(scene.signals[0]?.aborted);
  send(RST);
  await waitFor('the end of the dial', () => scene.signals[0]?.aborted);
  t.deepEqual(scene.written, []);
});

test('so does a program that stops to ask', async (t) => {
  const { scene, send } = await createScene(t, never);
  send(SYN);
  await waitFor('the dial', () => scene.signals.length > 0);
  scene.nowMs = 3001;
  await waitFor('the end of the dial', () => scene.signals[0]?.aborted);
  t.deepEqual(scene.written, []);
});

test('whatever else goes wrong in a dial is a network that is away', async (t) => {
  const { scene, send } = await createScene(t, async () => {
    throw new TypeError('a defect');
  });
  send(SYN);
  const answer = await waitFor('an answer', () => scene.written[0]);
  t.deepEqual([answer[9], answer[20], answer[21]], [1, 3, 0]);
});

test('the end of the network refuses what is held, and ends the dials', async (t) => {
  const { scene, send, network } = await createScene(t, never);
  send(SYN);
  await waitFor('the dial', () => scene.signals.length > 0);
  await network.close();
  t.true(scene.signals[0]?.aborted);
  t.is(scene.written.length, 1);
  // RST and ACK.
  t.is(scene.written[0]?.[20 + 13], 0x14);
  t.true(scene.isDeviceClosed);
});
