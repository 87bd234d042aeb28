// How many connections may wait for their proof, where ports are used again.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import test from 'ava';
import { createUnprovenConnections } from '../../../xds/src/server/unproven-connections.ts';

const LIMITS = { maxUnprovenConnections: 10, maxUnprovenPerAddress: 2, proofTimeoutMs: 60_000 };
const ADDRESS = '10.0.0.1';

function createSocket(remotePort: number) {
  const events = new EventEmitter();
  const socket = Object.assign(events, { remoteAddress: ADDRESS, remotePort, destroy: () => undefined });
  return { socket: socket as unknown as Socket, close: () => void events.emit('close') };
}

test('a close that is told late takes nothing from the next connection of that port', (t) => {
  const unproven = createUnprovenConnections(LIMITS);
  t.teardown(() => unproven.prove(`${ADDRESS}:7`));
  const [first, second] = [createSocket(7), createSocket(7)];
  t.true(unproven.admit(first.socket));
  t.true(unproven.admit(second.socket));
  t.is(unproven.count, 1);
  first.close();
  t.is(unproven.count, 1, 'the second still owes its proof');
  second.close();
  t.is(unproven.count, 0);
  for (const port of [8, 9]) t.true(unproven.admit(createSocket(port).socket), 'its address has all its places again');
  for (const port of [8, 9]) unproven.prove(`${ADDRESS}:${port}`);
});
