// The port for kubelet and Prometheus, which every process of the cluster part has.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Gauge, Registry } from 'prom-client';
import { type AdminServerOptions, createAdminServer } from '../../../control-plane/src/process/index.ts';

async function start(t: ExecutionContext, options: Partial<AdminServerOptions> = {}) {
  const troubles: unknown[] = [];
  const onTrouble = (error: unknown) => void troubles.push(error);
  const server = createAdminServer({ registry: new Registry(), isReady: () => true, onTrouble, ...options });
  await once(server.listen(0), 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string) => (await fetch(`http://localhost:${port}${path}`)).status;
  return { ask, troubles };
}

test('ready is not the same as alive', async (t) => {
  const { ask } = await start(t, { isReady: () => false });
  t.deepEqual([await ask('/healthz'), await ask('/readyz'), await ask('/metrics')], [200, 503, 200]);
});

test('a look inside only where there is one', async (t) => {
  const without = await start(t);
  t.is(await without.ask('/config'), 404);
  const having = await start(t, { dump: () => ({}) });
  t.is(await having.ask('/config'), 200);
});

test('a question that cannot be answered gets 500, and the process goes on', async (t) => {
  const registry = new Registry();
  const collect = () => Promise.reject(new Error('no metrics'));
  registry.registerMetric(new Gauge({ name: 'x', help: 'x', registers: [], collect }));
  const dump = () => {
    throw new Error('no dump');
  };
  const { ask, troubles } = await start(t, { registry, dump });
  t.deepEqual([await ask('/metrics'), await ask('/config'), await ask('/healthz')], [500, 500, 200]);
  t.deepEqual(troubles.map(String), ['Error: no metrics', 'Error: no dump']);
});
