// What a pod of the cluster may try against control plane, relay and webhook; each is refused.

import test from 'ava';
import { LOAD_POD } from '../helpers/echo-app.ts';
import { openStage, type Stage } from '../helpers/stage.ts';

const NAMESPACE = 'team-a';
const XDS = 'tp-control-plane.kubectl-tp.svc:15010';

const inLoadPod = ({ cluster }: Stage, ...command: string[]) =>
  cluster.kubectl(['-n', NAMESPACE, 'exec', LOAD_POD, '--', ...command]);

async function tokenOf({ cluster }: Stage, pod: string, audience: string): Promise<string> {
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', pod];
  return (
    await cluster.kubectl(['-n', NAMESPACE, 'create', 'token', 'default', '--audience', audience, ...bound])
  ).trim();
}

test.serial('only a pod itself gets its configuration', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 2 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  const running = ['-n', NAMESPACE, 'get', 'pods', '-l', 'app=echo,kubectl-tp.dev/agent=true'];
  const names = await stage.cluster.kubectl([...running, '-o', 'jsonpath={.items[*].metadata.name}']);
  const [agent = '', victim = ''] = names.split(' ');
  const pose = (node: string, token: string) =>
    inLoadPod(stage, 'node', '/app/test-apps/pose-as-agent.ts', XDS, node, token);

  t.regex(await pose(`${NAMESPACE}/${victim}`, ''), /^UNAUTHENTICATED/);
  t.regex(await pose(`${NAMESPACE}/${victim}`, 'rubbish'), /^UNAUTHENTICATED/);
  t.regex(await pose(`${NAMESPACE}/${agent}`, await tokenOf(stage, agent, 'somebody-else')), /^UNAUTHENTICATED/);
  // A pod without an agent has no business there, whomever it poses as.
  t.regex(await pose(`${NAMESPACE}/${victim}`, await tokenOf(stage, LOAD_POD, 'kubectl-tp')), /^UNAUTHENTICATED/);
  const token = await tokenOf(stage, agent, 'kubectl-tp');
  t.regex(await pose(`${NAMESPACE}/${victim}`, token), /^PERMISSION_DENIED/);
  t.regex(await pose(`other/${agent}`, token), /^PERMISSION_DENIED/);
});

test.serial('a pod without a certificate gets nothing from a laptop behind the relay', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  const intercept = JSON.parse(
    await stage.cluster.kubectl(['-n', NAMESPACE, 'get', 'intercepts.kubectl-tp.dev', '-o', 'json']),
  ) as {
    items: { metadata: { name: string }; spec: { session: string } }[];
  };
  const [{ metadata, spec } = { metadata: { name: '' }, spec: { session: '' } }] = intercept.items;
  const known = `${metadata.name}.${NAMESPACE}.${spec.session}.session.tp`;
  const script = `
    const socket = require('node:tls').connect({ host: 'tp-relay.kubectl-tp.svc', port: 8443, servername: process.argv[1], rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    let connected = false, got = '';
    socket.on('connect', () => { connected = true; });
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n'));
    socket.on('data', (bytes) => { got += bytes; });
    socket.on('error', () => {});
    socket.on('close', () => { console.log(JSON.stringify({ connected, got })); process.exit(0); });
    setTimeout(() => { console.log('hangs'); process.exit(1); }, 8000);`;
  for (const name of [known, 'x.team-a.s-unknown.session.tp', 'example.com']) {
    const outcome = JSON.parse(await inLoadPod(stage, 'node', '-e', script, name));
    t.deepEqual(outcome, { connected: true, got: '' }, name);
  }
});

test.serial('headers of the x-tp- family from a caller reach no application', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  for (const developer of ['alice', 'nobody']) {
    const headers = { 'x-dev': developer, 'x-tp-intercept': 'forged', 'x-tp-unreachable': 'UF', 'x-tp-xfp': 'https' };
    const script =
      'fetch(process.argv[1], { headers: JSON.parse(process.argv[2]) }).then((answer) => answer.text()).then(console.log)';
    const answer = await inLoadPod(stage, 'node', '-e', script, `http://echo.${NAMESPACE}/`, JSON.stringify(headers));
    const { headers: seen } = JSON.parse(answer) as { headers: Record<string, string> };
    t.deepEqual(
      Object.keys(seen).filter((name) => name.startsWith('x-tp-')),
      [],
      developer,
    );
    t.is(seen['x-dev'], developer);
  }
});
