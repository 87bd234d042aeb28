import test from 'ava';
import { startApp } from '../../helpers/loopback.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { startAgent } from './helpers/agent.ts';
import { startApplication } from './helpers/application.ts';
import { callHttp1, connectRaw } from './helpers/callers.ts';
import { buildConfig, MINE } from './helpers/configs.ts';
import { setScene } from './helpers/scene.ts';
import { createTestAuthority } from './helpers/test-authority.ts';

test('an agent without control plane serves its port, and takes orders when the control plane comes', async (t) => {
  const authority = await createTestAuthority();
  const pod = await startApplication('pod');
  const began = performance.now();
  const agent = await startAgent({ authority, appPort: pod.port, controlPlane: 'absent' });
  t.teardown(() => Promise.all([agent.close(), pod.close()]));
  t.is((await callHttp1({ port: agent.agentPort })).body, 'pod');
  t.log(`serves after ${Math.round(performance.now() - began)} ms`);

  await agent.startControlPlane();
  await agent.apply(buildConfig({ agentPort: agent.agentPort, appPort: pod.port }));
  t.is((await callHttp1({ port: agent.agentPort })).body, 'pod');
  t.deepEqual(agent.rejections, []);
});

test('a control plane that was away for seconds finds its agents again within the back-off', async (t) => {
  const { agent, apply } = await setScene(t);
  await apply();
  // By then Envoy's own back-off has grown to many seconds.
  await agent.stopControlPlane(8);
  t.is((await callHttp1({ port: agent.agentPort, headers: MINE })).body, 'laptop');
  const began = performance.now();
  await agent.startControlPlane();
  await agent.connected();
  const took = performance.now() - began;
  t.log(`back after ${Math.round(took)} ms`);
  t.true(took < 5000, `${took} ms`);
  await apply({ relays: [] });
  t.is((await callHttp1({ port: agent.agentPort, headers: MINE })).body, 'pod');
});

test('a server that speaks first is heard at once, with control plane and without', async (t) => {
  const { port } = await startApp(t, (socket) => socket.end('welcome'));
  const authority = await createTestAuthority();
  const agent = await startAgent({ authority, appPort: port });
  t.teardown(() => agent.close());
  t.is(await greet(agent.agentPort), 'welcome');
  await agent.apply(buildConfig({ agentPort: agent.agentPort, appPort: port, mode: 'tcp' }));
  await waitFor('the tcp listener', async () => (await countTcp(agent.stats)) > 0);
  const times: number[] = [];
  for (let n = 0; n < 5; n++) {
    const began = performance.now();
    t.is(await greet(agent.agentPort), 'welcome');
    times.push(performance.now() - began);
  }
  // Waiting for a caller that says nothing, as protocol sniffing does, takes 200 ms each time.
  t.true(Math.min(...times) < 150, `${times} ms`);
});

async function greet(port: number): Promise<string> {
  const connection = connectRaw(port);
  const text = await connection.ask('');
  connection.close();
  return text;
}

async function countTcp(stats: (filter: string) => Promise<Record<string, number>>): Promise<number> {
  return Object.keys(await stats('^tcp.in/.*downstream_cx_total')).length;
}
