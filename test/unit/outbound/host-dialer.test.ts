// Datagrams by the laptop's own network: what can't be sent is told, and nothing throws.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import type { DialFailure } from '../../../kubectl-tp/src/outbound/dialer.ts';
import { createHostDialer } from '../../../kubectl-tp/src/outbound/host-dialer.ts';
import { closedPort } from '../../helpers/loopback.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const endings: [what: string, to: () => Promise<{ host: string; port: number }>, failure: DialFailure][] = [
  ['port 0', async () => ({ host: '127.0.0.1', port: 0 }), 'unreachable'],
  ['a broadcast address', async () => ({ host: '255.255.255.255', port: 9 }), 'denied'],
  ['nobody listens', async () => ({ host: '127.0.0.1', port: await closedPort() }), 'refused'],
];

for (const [what, find, failure] of endings) {
  test(`${what}: the flow ends`, async (t) => {
    const { promise, resolve } = Promise.withResolvers<DialFailure>();
    const flow = createHostDialer().openDatagrams(await find(), { onMessage: () => t.fail(), onClose: resolve });
    flow.send(Buffer.from('anybody?'));
    t.is(await promise, failure);
    flow.send(Buffer.from('later'));
    flow.close();
  });
}

test('there and back, also what was sent before the socket was there', async (t) => {
  const echo = createSocket('udp4').on('message', (data, { port, address }) => echo.send(data, port, address));
  echo.bind(0, '127.0.0.1');
  await once(echo, 'listening');
  t.teardown(() => echo.close());
  const received: string[] = [];
  const flow = createHostDialer().openDatagrams(
    { host: '127.0.0.1', port: echo.address().port },
    { onMessage: (data) => void received.push(String(data)), onClose: (failure) => t.fail(failure) },
  );
  const packet = Buffer.from('one');
  flow.send(packet);
  packet.fill('x');
  await waitFor('an answer', () => received.length === 1);
  // More than one datagram can hold: lost, and nothing else.
  flow.send(Buffer.alloc(70_000));
  flow.send(Buffer.from('two'));
  await waitFor('the next one', () => received.length === 2);
  t.deepEqual(received, ['one', 'two']);
  flow.close();
});
