// A laptop that takes connections and says nothing: only its own intercept may feel it.

import { once } from 'node:events';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { waitFor } from '../../helpers/wait-for.ts';
import { callHttp1 } from './helpers/callers.ts';
import { INTERCEPT_ROUTE, MINE } from './helpers/configs.ts';
import { setScene } from './helpers/scene.ts';

/** A health check of a silent laptop ends after five seconds, and Envoy is busy with other things, too. */
const WELL_BEFORE_THE_CHECK_ENDS_MS = 2500;
/** At a second each; those that succeed would need half a minute. */
const FOUR_PROBES_MS = 20_000;

test('an intercept of a silent laptop is taken over at once, and those after it do not wait either', async (t) => {
  const { apply } = await setScene(t);
  const silent = await startSilentLaptop(t);
  await apply({ intercepts: [] });
  const began = performance.now();
  await apply({ relays: [silent.port] });
  const other = { ...INTERCEPT_ROUTE, id: 'team-a/orders-other', headers: [{ name: 'x-dev', value: 'other' }] };
  await apply({ relays: [silent.port], intercepts: [INTERCEPT_ROUTE, other] });
  await apply({ mode: 'tcp', intercepts: [] });
  const tookMs = performance.now() - began;
  t.log(`${Math.round(tookMs)} ms`);
  t.true(tookMs < WELL_BEFORE_THE_CHECK_ENDS_MS, `${tookMs} ms`);
});

test('a probe fails while the laptop is silent and succeeds when it is there', async (t) => {
  const { agent, apply, laptop } = await setScene(t);
  const silent = await startSilentLaptop(t);
  await apply({ relays: [silent.port] });
  await waitFor('a probe', () => silent.connections > 0);
  const stat = async (name: string) => Object.values(await agent.stats(`^cluster.probe/.*${name}$`));
  await waitFor('a failed probe', async () => (await stat('health_check.failure')).some((failures) => failures > 0));
  t.deepEqual(await stat('membership_healthy'), [0]);
  await apply({ relays: [laptop.port] });
  await waitFor('a probe of the laptop', () => laptop.handshakes.some(({ alpn }) => alpn === 'tp-probe'));
  await waitFor('a healthy laptop', async () => (await stat('membership_healthy')).includes(1));
  t.is((await callHttp1({ port: agent.agentPort, headers: MINE })).body, 'laptop');
});

test('a probe that fails comes again within seconds, not with the next one of those that succeed', async (t) => {
  const { apply } = await setScene(t);
  let refused = 0;
  const closed = net.createServer((socket) => {
    refused += 1;
    socket.resetAndDestroy();
  });
  closed.listen(0, '127.0.0.1');
  await once(closed, 'listening');
  t.teardown(() => closed.close());
  await apply({ relays: [(closed.address() as net.AddressInfo).port] });
  await t.notThrowsAsync(waitFor('four probes', () => refused >= 4, FOUR_PROBES_MS));
});

async function startSilentLaptop(t: ExecutionContext) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => sockets.add(socket.on('error', () => socket.destroy()).resume()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    get connections() {
      return sockets.size;
    },
  };
}
