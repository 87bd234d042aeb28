// A relay that cannot start leaves nothing behind that would keep its process alive.

import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { startRelay } from '../../../control-plane/src/relay/run.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { portOf } from '../../helpers/tunnel-rig.ts';

async function listen(t: ExecutionContext, port = 0): Promise<Server> {
  const server = createServer().listen(port);
  t.teardown(() => server.close());
  await once(server, 'listening');
  return server;
}

/** One that nobody has now. */
async function findFreePort(t: ExecutionContext): Promise<number> {
  const server = await listen(t);
  const port = portOf(server);
  await once(server.close(), 'close');
  return port;
}

test('a relay whose last port is taken says so, and gives back the others and its watch', async (t) => {
  const taken = portOf(await listen(t));
  const [adminPort, laptopPort, proxyPort] = [await findFreePort(t), await findFreePort(t), await findFreePort(t)];
  const { client } = createMemoryKubernetes();
  let watches = 0;
  const config = {
    ...{ podName: 'relay-1', podNamespace: 'kubectl-tp', podUid: 'u', logLevel: 'silent' },
    ...{ adminPort, laptopPort, proxyPort, agentPort: taken },
    ...{ allow: [], leaveDelayMs: 0, drainMs: 0 },
    controlPlane: { host: 'localhost', port: 0, serverName: 'nobody', tokenFile: '' },
  };
  const watch: typeof client.watch = async function* (...args) {
    watches += 1;
    try {
      yield* client.watch(...args);
    } finally {
      watches -= 1;
    }
  };
  const options = { log: pino({ level: 'silent' }), signal: new AbortController().signal };
  await t.throwsAsync(startRelay(config, { ...options, client: { ...client, watch } }), { code: 'EADDRINUSE' });
  for (const port of [adminPort, laptopPort, proxyPort]) await t.notThrowsAsync(listen(t, port));
  t.is(watches, 0);
});
