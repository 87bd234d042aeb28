import http from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { callHttp1, connectRaw } from './helpers/callers.ts';
import { MINE } from './helpers/configs.ts';
import { startLoad } from './helpers/load.ts';
import { setScene } from './helpers/scene.ts';

test('50 intercepts come and go under load, and no request fails', async (t) => {
  const { agent, apply } = await setScene(t);
  await apply({ intercepts: [] });
  const bystanders = startLoad(t, agent.agentPort);
  const mine = startLoad(t, agent.agentPort, MINE);
  for (let n = 0; n < 50; n++) {
    await apply();
    await apply({ intercepts: [] });
  }
  const results = await Promise.all([bystanders.stop(), mine.stop()]);
  t.log(results.map(({ answered, by }) => `${answered} answered ${JSON.stringify(by)}`).join('; '));
  t.deepEqual(
    results.flatMap(({ failures }) => failures),
    [],
  );
  t.true(agent.isRunning);
  t.true((results[1]?.by.laptop ?? 0) > 0);
  t.is(results[0]?.by.laptop, undefined);
});

test('a port changes between bytes and requests under load: nothing fails, and a TCP connection lives on', async (t) => {
  const { agent, apply } = await setScene(t);
  await apply({ mode: 'tcp', intercepts: [] });
  const raw = connectRaw(agent.agentPort);
  const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  t.regex(await raw.ask(upgrade), /^HTTP\/1.1 101/);
  const load = startLoad(t, agent.agentPort);
  for (let n = 0; n < 10; n++) {
    await apply();
    t.is(await raw.ask(`http ${n}`), `pod:http ${n}`);
    await apply({ mode: 'tcp', intercepts: [] });
    t.is(await raw.ask(`tcp ${n}`), `pod:tcp ${n}`);
  }
  const { answered, failures } = await load.stop();
  t.log(`${answered} answered`, await agent.stats('listener_in_place_updated|total_filter_chains_draining'));
  t.deepEqual(failures, []);
  t.true(raw.isOpen);
  raw.close();
});

test('kept connections of an ending pod find the laptop until the pod is gone', async (t) => {
  const { agent, apply } = await setScene(t);
  await apply();
  const call = keepConnection(t, agent.agentPort);
  t.is((await call()).body, 'laptop');
  await apply({ mode: 'tcp' });
  const { body, headers } = await call();
  t.deepEqual([body, headers.connection], ['laptop', 'close']);
});

test('kept connections find the pod when reading and intercepts end at once', async (t) => {
  const { agent, apply } = await setScene(t);
  await apply();
  const call = keepConnection(t, agent.agentPort);
  t.is((await call()).body, 'laptop');
  await apply({ mode: 'tcp', intercepts: [] });
  const { status, body, headers } = await call();
  t.deepEqual([status, body, headers.connection], [200, 'pod', 'close']);
});

test('a port that is drained tells callers on kept connections to connect anew', async (t) => {
  const { agent, apply, pod } = await setScene(t);
  await apply();
  const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const call = { port: agent.agentPort, agent: kept };
  t.is((await callHttp1(call)).headers.connection, undefined);
  await apply({ mode: 'tcp', intercepts: [] });
  t.is((await callHttp1(call)).headers.connection, 'close');
  t.is((await callHttp1({ ...call, headers: { 'x-id': 'after' } })).body, 'pod');
  t.is(pod.hitsOf('after').length, 1);
  kept.destroy();
});

/** Each call asks for the intercept on the same connection. */
function keepConnection(t: ExecutionContext, port: number) {
  const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => kept.destroy());
  return () => callHttp1({ port, agent: kept, headers: MINE });
}
