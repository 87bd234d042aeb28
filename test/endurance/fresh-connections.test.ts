// Fresh connections are what a tunnel loses first: ports run out, accept queues overflow, handshakes meet a changing path.

import test from 'ava';
import { openStage } from '../helpers/stage.ts';

const NAMESPACE = 'team-a';
const PER_SECOND = 250;
const SECONDS = 60;

test.serial('250 fresh intercepted connections a second for a minute: none is lost', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'fresh', replicas: 3 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'fresh', '--header', 'x-dev=alice', '--port', String(laptop.port));
  const result = await stage.load({
    app: 'fresh',
    connections: 'fresh',
    perSecond: PER_SECOND,
    seconds: SECONDS,
    headers: { 'x-dev': 'alice' },
  });
  t.log(`${result.sent} sent, p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms`);
  t.deepEqual(result.failures, {});
  t.deepEqual(result.servedBy, { 'laptop-alice': PER_SECOND * SECONDS });
});
