// Which connections of the laptop's programs stay on the laptop: those to Services that it intercepts as a whole.

import { buffer } from 'node:stream/consumers';
import test from 'ava';
import type { Intercept } from '../../../control-plane/src/api/index.ts';
import { createOwnServiceDialer, createOwnServices } from '../../../kubectl-tp/src/session/networks/own-services.ts';
import type { LocalTarget } from '../../../kubectl-tp/src/tunnel/local-target.ts';
import { startApp } from '../../helpers/loopback.ts';
import { createTestDialer } from '../../helpers/test-dialer.ts';

const ORDERS = { host: '10.96.0.7', port: 80 };
const NAME = { namespace: 'shop', name: 'orders-1', uid: 'uid-1' };
const never = new AbortController().signal;

function createScene() {
  const table = new Map([['orders-1', { metadata: { ...NAME } } as Intercept]]);
  const targets = new Map<string, LocalTarget>([['uid-1', { host: '127.0.0.1', port: 8080 }]]);
  const services = createOwnServices({
    table: { get: (_namespace, name) => table.get(name) },
    targetOf: (uid) => targets.get(uid ?? ''),
  });
  services.add([ORDERS], NAME);
  return { table, targets, services };
}

test('a Service is the own one by address and port', (t) => {
  const { services } = createScene();
  t.deepEqual(services.find(ORDERS), { host: '127.0.0.1', port: 8080 });
  t.is(services.find({ ...ORDERS, port: 81 }), undefined);
  t.is(services.find({ ...ORDERS, host: '10.96.0.8' }), undefined);
});

test('it is not when the intercept is gone, ends, or is another of the same name', (t) => {
  for (const metadata of [undefined, { ...NAME, uid: 'uid-2' }, { ...NAME, deletionTimestamp: 'now' }]) {
    const { table, targets, services } = createScene();
    targets.set('uid-2', { host: '127.0.0.1', port: 1 });
    if (metadata === undefined) table.clear();
    else table.set('orders-1', { metadata } as Intercept);
    t.is(services.find(ORDERS), undefined);
    table.set('orders-1', { metadata: { ...NAME } } as Intercept);
    t.is(services.find(ORDERS), undefined, 'it was forgotten');
  }
});

test('programs reach it here, and through the cluster where nobody listens', async (t) => {
  const { services, targets } = createScene();
  const cluster = createTestDialer({ failures: { '10.96.0.7': 'denied', '10.96.0.9': 'unreachable' } });
  const dialer = createOwnServiceDialer(cluster, services);
  const { port } = await startApp(t, (socket) => socket.end('laptop'));
  targets.set('uid-1', { host: '127.0.0.1', port });
  const stream = await dialer.connect(ORDERS, never);
  t.is(String(await buffer(stream)), 'laptop');
  stream.end();
  t.deepEqual(cluster.dialed, []);
  targets.set('uid-1', { host: '127.0.0.1', port: 1 });
  await t.throwsAsync(dialer.connect(ORDERS, never), { message: 'made to fail: denied' });
  await t.throwsAsync(dialer.connect({ host: '10.96.0.9', port: 80 }, never), { message: 'made to fail: unreachable' });
  t.deepEqual(cluster.dialed, ['10.96.0.7:80', '10.96.0.9:80']);
  await t.throwsAsync(dialer.connect(ORDERS, AbortSignal.abort(new Error('enough'))), { message: 'enough' });
  t.is(cluster.dialed.length, 2);
});
