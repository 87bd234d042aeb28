import test from 'ava';
import { waitFor } from '../../helpers/wait-for.ts';
import { callHttp1, callHttp2, callWebSocket } from './helpers/callers.ts';
import { INTERCEPT_ROUTE, MINE, SERVER_NAME } from './helpers/configs.ts';
import { setScene } from './helpers/scene.ts';

const PATH = '/a//b/../%2f?q=%20';

test('who sends the header gets the laptop, everybody else the pod, in each protocol', async (t) => {
  const { agent, apply, laptop } = await setScene(t);
  await apply();
  const port = agent.agentPort;

  t.is((await callHttp1({ port, headers: MINE })).body, 'laptop');
  t.is((await callHttp1({ port })).body, 'pod');
  t.is((await callHttp1({ port, headers: { 'x-dev': 'you' } })).body, 'pod');

  const grpc = { port, method: 'POST', path: '/shop.Prices/Get', body: Buffer.from('question') };
  const mine = await callHttp2({ ...grpc, headers: MINE });
  t.is(mine.body, 'laptop');
  t.is(mine.trailers?.['grpc-status'], '0');
  t.is((await callHttp2(grpc)).trailers?.['x-who'], 'pod');

  t.is(await callWebSocket({ port, headers: MINE }, 'hello'), 'laptop:hello');
  t.is(await callWebSocket({ port }, 'hello'), 'pod:hello');

  const offered = laptop.handshakes.filter(({ alpn }) => alpn !== 'tp-probe').map(({ alpn }) => alpn);
  t.deepEqual([...new Set(offered)].sort(), ['h2', 'http/1.1']);
  t.true(laptop.handshakes.every(({ serverName }) => serverName === SERVER_NAME));
  t.true(laptop.handshakes.every(({ agent: name }) => name === 'URI:spiffe://tp/ns/team-a/pod/orders-0'));
  t.deepEqual(agent.rejections, []);
});

test('the first matching intercept in order has the request', async (t) => {
  const { agent, apply } = await setScene(t);
  const first = {
    ...INTERCEPT_ROUTE,
    id: 'team-a/first',
    headers: [{ name: 'x-a', value: '1' }],
    serverName: 'first.tp',
  };
  const all = { ...INTERCEPT_ROUTE, id: 'team-a/all', headers: [], serverName: 'all.tp' };
  await apply({ intercepts: [first, all] });
  await callHttp1({ port: agent.agentPort, headers: { 'x-a': '1' } });
  await callHttp1({ port: agent.agentPort });
  const stats = await agent.stats('^cluster.tunnel-or-app/.*upstream_rq_total');
  t.deepEqual(stats, {
    'cluster.tunnel-or-app/team-a/all.upstream_rq_total': 1,
    'cluster.tunnel-or-app/team-a/first.upstream_rq_total': 1,
  });
});

test('an agent proves every few seconds that it reaches the laptop, without touching the application', async (t) => {
  const { apply, laptop, local } = await setScene(t);
  await apply();
  await waitFor('a probe', () => laptop.handshakes.some(({ alpn }) => alpn === 'tp-probe'));
  const [probe] = laptop.handshakes;
  t.deepEqual(probe, { serverName: SERVER_NAME, alpn: 'tp-probe', agent: 'URI:spiffe://tp/ns/team-a/pod/orders-0' });
  t.is(local.connections.size, 0);
});

test('a second intercept of the same session takes effect at once', async (t) => {
  const { agent, apply } = await setScene(t);
  await apply();
  const second = { ...INTERCEPT_ROUTE, id: 'team-a/second', headers: [{ name: 'x-second', value: '1' }] };
  const began = performance.now();
  await apply({ intercepts: [INTERCEPT_ROUTE, second] });
  t.is((await callHttp1({ port: agent.agentPort, headers: { 'x-second': '1' } })).body, 'laptop');
  // Without its endpoints sent again the second cluster would wait 15 s for them.
  t.true(performance.now() - began < 10_000, `${performance.now() - began} ms`);
});

test('requests arrive as they were sent, without headers that are only ours to set', async (t) => {
  const { agent, apply, pod, local } = await setScene(t);
  await apply();
  const port = agent.agentPort;
  const headers = { 'X-Custom-Case': 'Kept', 'x-tp-session': 'forged', 'X-TP-Xfp': 'forged', x_under: 'score' };
  await callHttp1({ port, path: PATH, headers: { ...headers, 'x-id': 'bystander' } });
  await callHttp1({ port, path: PATH, headers: { ...headers, ...MINE, 'x-id': 'mine', 'X-Forwarded-Proto': 'https' } });

  const [bystander] = pod.hitsOf('bystander');
  const [mine] = local.hitsOf('mine');
  t.is(bystander?.path, PATH);
  t.is(mine?.path, PATH);
  const host = ['Host', `127.0.0.1:${port}`];
  const shared = ['X-Custom-Case', 'Kept', 'x_under', 'score'];
  t.deepEqual(bystander?.rawHeaders, [...host, ...shared, 'x-id', 'bystander']);
  t.deepEqual(mine?.rawHeaders, [...host, ...shared, 'x-dev', 'me', 'x-id', 'mine', 'X-Forwarded-Proto', 'https']);
});

test('connections to the application end soon after those of its callers', async (t) => {
  const { agent, apply, pod } = await setScene(t);
  await apply();
  for (let n = 0; n < 20; n++) await callHttp1({ port: agent.agentPort });
  t.true(pod.connections.size > 0);
  await waitFor('the connections to the application to end', () => pod.connections.size === 0);
});
