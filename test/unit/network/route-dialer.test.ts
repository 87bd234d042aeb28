// Which way an address is reached.

import { buffer } from 'node:stream/consumers';
import test from 'ava';
import { createClusterAddresses } from '../../../kubectl-tp/src/network/cluster-addresses.ts';
import { createRouteDialer } from '../../../kubectl-tp/src/network/route-dialer.ts';
import { DialError, type Dialer } from '../../../kubectl-tp/src/outbound/dialer.ts';
import { createHostDialer } from '../../../kubectl-tp/src/outbound/host-dialer.ts';
import { closedPort, startApp } from '../../helpers/loopback.ts';

const never = new AbortController().signal;
/** A way to the cluster that only says that it was taken. */
const cluster: Dialer = {
  connect: ({ host }) => Promise.reject(new DialError('denied', `cluster ${host}`)),
  openDatagrams() {
    throw new Error('not asked for');
  },
};

test('addresses of the cluster go through the relay, all others by the laptop', async (t) => {
  const addresses = createClusterAddresses();
  addresses.setRanges(['10.96.0.0/16', 'fd00:10::/64']);
  addresses.setKnown('pods shop', ['10.244.7.7']);
  addresses.learn('172.20.0.9');
  const dialer = createRouteDialer({ cluster, host: createHostDialer(), isCluster: addresses.has, laptop: [] });
  for (const host of ['10.96.3.4', 'fd00:10::5', '10.244.7.7', '172.20.0.9']) {
    await t.throwsAsync(dialer.connect({ host, port: 1 }, never), { message: `cluster ${host}` });
  }
  const error = await t.throwsAsync(dialer.connect({ host: '127.0.0.1', port: await closedPort() }, never), {
    instanceOf: DialError,
  });
  t.is(error?.failure, 'refused');
});

test('an address is the same however it is spelled', (t) => {
  const addresses = createClusterAddresses();
  addresses.setKnown('services shop', ['FD00:96::1']);
  addresses.learn('fd00:96:0:0::2');
  for (const text of ['fd00:96::1', 'fd00:0096:0000:0000:0000:0000:0000:0001', 'fd00:96::2'])
    t.true(addresses.has(text));
  t.false(addresses.has('fd00:96::3'));
  t.false(addresses.has('web.shop'));
  t.deepEqual(addresses.singles, ['fd00:96::1', 'fd00:96::2']);
});

test("what a source knows takes the place of what it knew; the others' stays", (t) => {
  const addresses = createClusterAddresses();
  addresses.setKnown('pods a', ['10.0.0.1']);
  addresses.setKnown('pods b', ['10.0.0.2']);
  addresses.setKnown('pods a', ['10.0.0.3']);
  t.deepEqual(
    ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => addresses.has(address)),
    [false, true, true],
  );
});

test('what was learned is bounded, the oldest goes first', (t) => {
  const addresses = createClusterAddresses();
  for (let index = 0; index <= 10_000; index += 1)
    addresses.learn(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  t.false(addresses.has('10.0.0.0'));
  t.true(addresses.has('10.0.0.1'));
  t.true(addresses.has('10.0.39.16'));
});

test("the laptop's own address leads to its loopback", async (t) => {
  const app = await startApp(t, (socket) => socket.end('laptop'));
  const dialer = createRouteDialer({
    cluster,
    host: createHostDialer(),
    isCluster: () => true,
    laptop: ['198.18.0.3'],
  });
  const stream = await dialer.connect({ host: '198.18.0.3', port: app.port }, never);
  t.is(String(await buffer(stream)), 'laptop');
  stream.end();
});
