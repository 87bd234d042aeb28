import { once } from 'node:events';
import http2 from 'node:http2';
import test, { type ExecutionContext } from 'ava';
import { listen } from '../../helpers/loopback.ts';
import { startAgent } from './helpers/agent.ts';
import { callHttp1, callOnSession } from './helpers/callers.ts';
import { buildConfig, MINE } from './helpers/configs.ts';
import { setScene } from './helpers/scene.ts';
import { createTestAuthority } from './helpers/test-authority.ts';

const CANCELS = 3000;
const ANSWER_BYTES = 20_000_000;

test('a caller that cancels thousands of requests keeps its connection', async (t) => {
  const { agent, apply } = await setScene(t);
  await apply();
  const session = http2.connect(`http://127.0.0.1:${agent.agentPort}`);
  let goodbyes = 0;
  session.on('goaway', () => goodbyes++);
  session.on('error', () => goodbyes++);
  for (let n = 0; n < CANCELS; n++) {
    const stream = session.request({ ':path': '/', ...(n % 2 === 0 ? MINE : {}) });
    stream.on('error', () => undefined);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
  }
  t.is((await callOnSession(session, { headers: MINE })).body, 'laptop');
  t.is(goodbyes, 0);
  session.destroy();
});

test('an HTTP/2 answer that ends before its request arrives whole', async (t) => {
  const appPort = await startHastyServer(t);
  const agent = await startAgent({ authority: await createTestAuthority(), appPort });
  t.teardown(() => agent.close());
  await agent.apply(buildConfig({ agentPort: agent.agentPort, appPort }));
  const session = http2.connect(`http://127.0.0.1:${agent.agentPort}`);
  t.teardown(() => session.destroy());
  const stream = session.request({ ':path': '/', ':method': 'POST' }, { endStream: false });
  stream.write('the beginning of a request');
  let received = 0;
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await once(stream, 'end');
  t.is(received, ANSWER_BYTES);
});

test('a header of 70 kB and a path of 60 kB pass', async (t) => {
  const { agent, apply, pod } = await setScene(t);
  await apply();
  const path = `/${'p'.repeat(60_000)}`;
  const { status } = await callHttp1({
    port: agent.agentPort,
    path,
    headers: { 'x-big': 'b'.repeat(70_000), 'x-id': 'big' },
  });
  t.is(status, 200);
  t.is(pod.hitsOf('big').length, 1);
});

/** Answers at once and at length, and never waits for a request's end. */
function startHastyServer(t: ExecutionContext): Promise<number> {
  const server = http2.createServer().on('stream', (stream) => {
    stream.on('error', () => stream.destroy());
    stream.respond({ ':status': 200 });
    stream.resume().end(Buffer.alloc(ANSWER_BYTES, 1));
  });
  return listen(t, server);
}
