import { randomBytes } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { waitFor } from '../../helpers/wait-for.ts';
import type { Hit } from './helpers/application.ts';
import { type Answer, callHttp1, callHttp2, callWebSocket } from './helpers/callers.ts';
import { INTERCEPT, INTERCEPT_ROUTE, MINE } from './helpers/configs.ts';
import { type Scene, setScene } from './helpers/scene.ts';

const MIB = 1 << 20;
/** Around Envoy's watermarks and up to the largest body that is kept for a second attempt. */
const BODY_SIZES = [0, 1, 65_536, MIB, 2 * MIB, 8 * MIB];

test('nobody listens on the local port: the pod answers, once, whatever the size of the body', async (t) => {
  const scene = await setScene(t);
  await scene.apply();
  await scene.closeLocalPort();
  await assertPodAnswers(t, scene);
});

test('no relay holds the tunnel: the pod answers bodies of any size', async (t) => {
  const scene = await setScene(t);
  await scene.apply({ relays: [] });
  await assertPodAnswers(t, scene);
  await assertOnceAndWhole(t, scene, 50 * MIB);
});

test('the relay is gone, and the control plane has not noticed yet: the pod answers', async (t) => {
  const scene = await setScene(t);
  await scene.apply();
  await scene.laptop.close();
  await assertPodAnswers(t, scene);
});

for (const method of ['GET', 'HEAD', 'OPTIONS']) {
  test(`the laptop is lost while it works on a ${method}: the pod answers`, async (t) => {
    const { scene, answer } = await loseLaptopMeanwhile(t, { method });
    t.is(answer.status, 200);
    t.is(answer.headers['x-who'], 'pod');
    t.is(scene.pod.hitsOf('lost').length, 1);
  });
}

for (const method of ['POST', 'PUT', 'DELETE']) {
  test(`the laptop is lost while it works on a ${method}: an error, and nobody works on it a second time`, async (t) => {
    const { scene, answer } = await loseLaptopMeanwhile(t, { method, body: Buffer.from('once') });
    t.is(answer.status, 503);
    t.deepEqual(scene.pod.hitsOf('lost'), []);
    t.is(scene.local.hitsOf('lost').length, 1);
  });
}

test('the laptop is lost while it works on a GET that must not fall back: an error', async (t) => {
  const { scene, answer } = await loseLaptopMeanwhile(t, { method: 'GET' }, 'fail');
  t.is(answer.status, 503);
  t.deepEqual(scene.pod.hitsOf('lost'), []);
});

test('one of two relays is gone: the laptop answers by the other', async (t) => {
  const scene = await setScene(t);
  const gone = 9; // the discard port, on which nobody listens
  await scene.apply({ relays: [gone, scene.laptop.port] });
  for (let n = 0; n < 20; n++) {
    const { body } = await callHttp1({ port: scene.agent.agentPort, headers: MINE });
    t.is(body, 'laptop');
  }
});

test('an intercept that must not fall back names itself in its error', async (t) => {
  const { agent, apply, closeLocalPort } = await setScene(t);
  await apply({ intercepts: [{ ...INTERCEPT_ROUTE, fallback: 'fail' }] });
  t.is((await callHttp1({ port: agent.agentPort, headers: MINE })).body, 'laptop');

  await closeLocalPort();
  const refused = await callHttp1({ port: agent.agentPort, headers: MINE });
  t.is(refused.status, 503);
  t.true(refused.body.includes(`the laptop of intercept ${INTERCEPT} can't be reached`), refused.body);

  await apply({ intercepts: [{ ...INTERCEPT_ROUTE, fallback: 'fail' }], relays: [] });
  const away = await callHttp1({ port: agent.agentPort, headers: MINE });
  t.is(away.status, 503);
  t.true(away.body.includes(INTERCEPT), away.body);
  t.is((await callHttp1({ port: agent.agentPort })).body, 'pod');
});

test("a pod's own failure keeps Envoy's words", async (t) => {
  const { agent, apply, pod } = await setScene(t);
  await apply({ intercepts: [{ ...INTERCEPT_ROUTE, fallback: 'fail' }] });
  await pod.close();
  const { status, body } = await callHttp1({ port: agent.agentPort });
  t.is(status, 503);
  t.false(body.includes('kubectl tp'), body);
});

async function loseLaptopMeanwhile(
  t: ExecutionContext,
  request: { method: string; body?: Buffer },
  fallback: 'pod' | 'fail' = 'pod',
): Promise<{ scene: Scene; answer: Answer }> {
  const scene = await setScene(t);
  await scene.apply({ intercepts: [{ ...INTERCEPT_ROUTE, fallback }] });
  const headers = { ...MINE, 'x-id': 'lost', 'x-silent': 'laptop' };
  const answering = callHttp1({ port: scene.agent.agentPort, headers, ...request });
  await waitFor('the request to reach the laptop', () => scene.local.hitsOf('lost').some(({ whole }) => whole));
  await scene.closeLocalPort();
  return { scene, answer: await answering };
}

async function assertPodAnswers(t: ExecutionContext, scene: Scene): Promise<void> {
  const port = scene.agent.agentPort;
  for (const size of BODY_SIZES) await assertOnceAndWhole(t, scene, size);

  const grpc = { port, method: 'POST', path: '/shop.Prices/Get', body: Buffer.from('question') };
  const { body, trailers } = await callHttp2({ ...grpc, headers: { ...MINE, 'x-id': 'grpc' } });
  t.is(body, 'pod');
  t.is(trailers?.['grpc-status'], '0');
  t.is(scene.pod.hitsOf('grpc').length, 1);

  t.is(await callWebSocket({ port, headers: MINE }, 'hello'), 'pod:hello');
}

async function assertOnceAndWhole(t: ExecutionContext, { agent, pod, local }: Scene, size: number): Promise<void> {
  const id = `${size}`;
  const headers = { ...MINE, 'x-id': id };
  const { body } = await callHttp1({ port: agent.agentPort, method: 'POST', headers, body: randomBytes(size) });
  t.is(body, 'pod');
  t.deepEqual(pod.hitsOf(id).map(toAmount), [{ bytes: size, whole: true }]);
  t.deepEqual(local.hitsOf(id), []);
}

const toAmount = ({ bytes, whole }: Hit) => ({ bytes, whole });
