import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { afterAgentEvent } from '../../../control-plane/src/agent-events.ts';
import { parseDuration } from '../../../control-plane/src/api/duration.ts';
import { createAuthenticateAgent, isCurrentAgent } from '../../../control-plane/src/authenticate-agent.ts';
import { createAgentCertificates } from '../../../control-plane/src/certificates/agent-certificates.ts';
import { createAuthority, parseAuthority } from '../../../control-plane/src/certificates/authority.ts';
import { parseConfig } from '../../../control-plane/src/config.ts';
import { type KubernetesClient, KubernetesError } from '../../../control-plane/src/kubernetes/index.ts';
import { createTokenReviewer } from '../../../control-plane/src/kubernetes/token-review.ts';
import { createWriteQueue } from '../../../control-plane/src/kubernetes/write-queue.ts';
import { createLogger } from '../../../control-plane/src/process/index.ts';
import { createPublisher } from '../../../control-plane/src/publisher.ts';
import type { Reporting } from '../../../control-plane/src/report/reporting.ts';
import { buildWorkloadWrites } from '../../../control-plane/src/report/workload-writes.ts';
import { runAll } from '../../../control-plane/src/runner.ts';
import type { AgentState, PodModel } from '../../../control-plane/src/state/cluster-state.ts';
import type { Translation } from '../../../control-plane/src/translator/index.ts';
import { createWakeUp } from '../../../control-plane/src/wake-up.ts';
import { type AgentConfig, type AgentEvent, createSnapshotCache } from '../../../xds/src/index.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const user = (rest: object = {}) => ({
  username: 'system:serviceaccount:shop:default',
  extra: { 'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/pod-uid': ['u'] },
  ...rest,
});
const good = { authenticated: true, audiences: ['kubectl-tp'], user: user() };

function reviewer(status: object | (() => object), now = { ms: 0 }) {
  const asked: unknown[] = [];
  const create = async (_resource: unknown, object: unknown) => {
    asked.push(object);
    return { status: typeof status === 'function' ? status() : status };
  };
  const client = { create } as unknown as KubernetesClient;
  return { reviewer: createTokenReviewer({ client, now: () => now.ms }), asked };
}

test('a token says whose it is, and is asked about once a minute', async (t) => {
  const now = { ms: 0 };
  const { reviewer: reviews, asked } = reviewer(good, now);
  const expected = { ok: true, pod: { namespace: 'shop', pod: 'p', uid: 'u' } };
  t.deepEqual((await Promise.all([reviews.review('a'), reviews.review('a')]))[1], expected as never);
  t.is(asked.length, 1);
  now.ms = 59_999;
  await reviews.review('a');
  t.is(asked.length, 1);
  now.ms = 60_000;
  await reviews.review('a');
  await reviews.review('b');
  t.is(asked.length, 3);
});

test('an API server that does not answer is asked again', async (t) => {
  let isAway = true;
  const { reviewer: reviews } = reviewer(() => {
    if (isAway) throw new KubernetesError('KUBERNETES_UNREACHABLE', 'away');
    return good;
  });
  await t.throwsAsync(reviews.review('a'), { code: 'KUBERNETES_UNREACHABLE' });
  isAway = false;
  t.true((await reviews.review('a')).ok);
});

const authenticate = test.macro(async (t, status: object, known: Partial<PodModel>, reason?: RegExp) => {
  const findPod = (node: string) => (node === 'shop/p' ? (known as PodModel) : undefined);
  const check = createAuthenticateAgent({ reviewer: reviewer(status).reviewer, findPod });
  const result = await check('token');
  if (result.ok) t.deepEqual(result, { ok: true, node: 'shop/p', instance: 'u' });
  else t.regex(result.reason, reason ?? /none/);
});
const injected: Partial<PodModel> = { uid: 'u', agent: { version: '1', ports: [] } };
test('agent: its own token', authenticate, good, injected);
test('agent: the token of an earlier pod', authenticate, good, { ...injected, uid: 'new' }, /earlier pod/);
test('agent: a pod without agent', authenticate, good, { uid: 'u' }, /has no agent/);
test('agent: an unknown token', authenticate, { authenticated: false }, injected, /not valid/);
test('agent: another audience', authenticate, { ...good, audiences: ['kube'] }, injected, /audience/);
test('agent: no pod', authenticate, { ...good, user: user({ extra: {} }) }, injected, /not bound/);
test('agent: no service account', authenticate, { ...good, user: user({ username: 'alice' }) }, injected, /not bound/);

test('an agent whose pod the watch has yet to show is asked to try again', async (t) => {
  const check = createAuthenticateAgent({ reviewer: reviewer(good).reviewer, findPod: () => undefined });
  await t.throwsAsync(check('token'), { message: /shop\/p has not been seen yet/ });
});

test('a stream outlives neither its pod nor its agent', (t) => {
  const agent = { node: 'shop/p', instance: 'u' };
  const isCurrent = (pod: Partial<PodModel> | undefined) => isCurrentAgent(agent, () => pod as PodModel | undefined);
  t.true(isCurrent(injected));
  t.false(isCurrent(undefined));
  t.false(isCurrent({ ...injected, uid: 'new' }));
  t.false(isCurrent({ uid: 'u' }));
});

test('however many tokens are guessed, few are asked about at a time', async (t) => {
  let asking = 0;
  let most = 0;
  const create = async () => {
    asking += 1;
    most = Math.max(most, asking);
    await nextTurn();
    asking -= 1;
    return { status: { authenticated: false } };
  };
  const reviews = createTokenReviewer({ client: { create } as unknown as KubernetesClient, now: () => 0 });
  const verdicts = await Promise.all(Array.from({ length: 200 }, (_, guess) => reviews.review(`guess-${guess}`)));
  t.is(verdicts.filter(({ ok }) => !ok).length, 200);
  t.is(most, 16);
  t.like(await reviews.review('x'.repeat(20_000)), { ok: false, reason: 'the token is too long' });
});

test('what an agent says becomes what is known of it', (t) => {
  const node = 'a/b';
  const hear = (before: AgentState | undefined, event: AgentEvent) => afterAgentEvent(before, event, () => 'uid/1');
  const connected = hear(undefined, { kind: 'connected', node });
  t.deepEqual(connected, { acknowledged: undefined, rejection: undefined });
  const acknowledged = hear(connected, { kind: 'acknowledged', node, tag: 'x' });
  t.deepEqual(acknowledged, { acknowledged: 'x', rejection: undefined });
  const rejection = { kind: 'rejected', node, type: 'route', names: ['in/80'], message: 'bad regex' } as const;
  t.is(hear(acknowledged, { kind: 'rejoined', node }), acknowledged);
  const rejected = hear(acknowledged, rejection);
  t.deepEqual(rejected, { acknowledged: 'x', rejection: 'route in/80: bad regex' });
  t.is(hear(rejected, { kind: 'acknowledged', node, tag: 'y' })?.rejection, undefined);
  t.is(hear(rejected, { kind: 'refused', node, reason: 'replaced', detail: '' } as never), rejected);
  t.is(hear(rejected, { kind: 'disconnected', node, reason: '' }), undefined);
});

test('what an agent refuses of one intercept is held against that one alone, until the agent begins anew', (t) => {
  const node = 'a/b';
  const hear = (before: AgentState | undefined, event: AgentEvent) =>
    afterAgentEvent(before, event, (intercept) => (intercept === 'team-a/gone' ? undefined : 'uid/1'));
  const refusal = (name: string) =>
    ({ kind: 'rejected', node, type: 'cluster', names: [name], message: 'no' }) as const;
  const refused = hear({ acknowledged: 'x', rejection: undefined }, refusal('tunnel/team-a/me'));
  const quarantine = { 'team-a/me': { revision: 'uid/1', text: 'cluster tunnel/team-a/me: no' } };
  t.deepEqual(refused, { acknowledged: 'x', rejection: undefined, quarantine });
  t.deepEqual(hear(refused, { kind: 'acknowledged', node, tag: 'y' }), { ...refused, acknowledged: 'y' } as AgentState);
  t.deepEqual(hear(refused, refusal('probe/team-a/gone')), refused);
  t.is(hear(refused, refusal('app/8080'))?.rejection, 'cluster app/8080: no');
  t.deepEqual(hear(refused, { kind: 'connected', node }), { acknowledged: undefined, rejection: undefined });
});

function queue() {
  const stop = new AbortController();
  const troubles: string[] = [];
  const sent: string[] = [];
  const writes = createWriteQueue({ signal: stop.signal, onTrouble: (key) => troubles.push(key) });
  const write = (key: string, fingerprint: string, act: () => Promise<void> = async () => undefined) => ({
    key,
    fingerprint,
    send: async () => {
      sent.push(`${key}=${fingerprint}`);
      await act();
    },
  });
  return { writes, write, sent, troubles, stop };
}

test('an equal wish is written once, another content again, and what is no longer wished is forgotten', async (t) => {
  const { writes, write, sent } = queue();
  for (let round = 0; round < 3; round += 1) {
    writes.want([write('a', '1')]);
    await nextTurn();
  }
  t.deepEqual(sent, ['a=1']);
  writes.want([write('a', '2')]);
  await nextTurn();
  writes.want([]);
  writes.want([write('a', '2')]);
  await nextTurn();
  t.deepEqual(sent, ['a=1', 'a=2', 'a=2']);
});

test('what is given up while it is under way is forgotten when it ends', async (t) => {
  const { writes, write, sent } = queue();
  const gate = Promise.withResolvers<void>();
  writes.want([write('a', '1', () => gate.promise)]);
  writes.want([]);
  gate.resolve();
  await nextTurn();
  writes.want([write('a', '1')]);
  await nextTurn();
  t.deepEqual(sent, ['a=1', 'a=1']);
});

test('a rollout for the same reasons is the same wish, whenever it was asked for', (t) => {
  const workload = { kind: 'Deployment', namespace: 'shop', name: 'orders' } as const;
  const fingerprint = (annotation: string) => {
    const rollouts = [{ workload, purpose: 'Inject', annotation, message: '' }] as const;
    return buildWorkloadWrites({ rollouts, unused: [] } as unknown as Translation, {} as Reporting)[0]?.fingerprint;
  };
  t.is(fingerprint('uid-1@2026-01-01T00:00:00Z'), fingerprint('uid-1@2026-01-01T00:00:01Z'));
  t.not(fingerprint('uid-1@2026-01-01T00:00:00Z'), fingerprint('uid-1,uid-2@2026-01-01T00:00:00Z'));
});

test('while a write is under way only the newest wish waits', async (t) => {
  const { writes, write, sent } = queue();
  const gate = Promise.withResolvers<void>();
  writes.want([write('a', '1', () => gate.promise)]);
  writes.want([write('a', '2')]);
  writes.want([write('a', '3')]);
  gate.resolve();
  await waitFor('the newest', () => sent.length === 2);
  t.deepEqual(sent, ['a=1', 'a=3']);
});

test('a failed write is tried again; one whose object is gone is not', async (t) => {
  const { writes, write, sent, troubles } = queue();
  let failures = 1;
  const flaky = async () => {
    failures -= 1;
    if (failures >= 0) throw new KubernetesError('KUBERNETES_UNREACHABLE', 'away');
  };
  const gone = async () => {
    throw new KubernetesError('KUBERNETES_REFUSED', 'gone', { status: 404 });
  };
  writes.want([write('a', '1', flaky), write('b', '1', gone)]);
  await waitFor('the second attempt', () => sent.filter((each) => each === 'a=1').length === 2);
  t.deepEqual(troubles, ['a']);
  t.is(sent.filter((each) => each === 'b=1').length, 1);
});

test('why a write failed is known until it succeeds or nobody wishes for it', async (t) => {
  const { writes, write, sent } = queue();
  const refusal = new KubernetesError('KUBERNETES_REFUSED', 'not you', { status: 403 });
  let isRefused = true;
  const guarded = async () => {
    if (isRefused) throw refusal;
  };
  writes.want([write('a', '1', guarded), write('b', '1', guarded)]);
  t.is(writes.failureOf('a'), undefined);
  t.is(await waitFor('the refusal', () => writes.failureOf('a')), refusal);
  isRefused = false;
  writes.want([write('a', '1', guarded)]);
  await waitFor('the success', () => writes.failureOf('a') === undefined);
  await waitFor('the other one to be forgotten', () => writes.failureOf('b') === undefined);
  t.is(sent.filter((each) => each === 'b=1').length, 1);
});

test('one slow object does not hold up the others, and no more than eight are written at once', async (t) => {
  const { writes, write, sent } = queue();
  const gate = Promise.withResolvers<void>();
  const names = [...Array(20).keys()].map(String);
  writes.want(names.map((name) => write(name, '1', () => (name === '0' ? gate.promise : nextTurn()))));
  t.is(sent.length, 8);
  await waitFor('all others', () => sent.length === 20);
  gate.resolve();
  t.pass();
});

test('a wake-up that rings while the loop works is not lost; one without ringing comes in time', async (t) => {
  const { signal } = new AbortController();
  const wakeUp = createWakeUp(Date.now);
  wakeUp.ring();
  await wakeUp.wait(Number.POSITIVE_INFINITY, signal);
  const began = Date.now();
  await wakeUp.wait(began + 30, signal);
  t.true(Date.now() - began >= 29);
  const waiting = wakeUp.wait(Number.POSITIVE_INFINITY, signal);
  wakeUp.ring();
  await waiting;
  await wakeUp.wait(Number.POSITIVE_INFINITY, AbortSignal.abort());
  t.pass();
});

test('runners end together: by the signal, or when one fails', async (t) => {
  const ended: string[] = [];
  const patient = (name: string) => ({
    name,
    run: (signal: AbortSignal) =>
      new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => {
          ended.push(name);
          resolve();
        }),
      ),
  });
  const stop = new AbortController();
  const all = runAll([patient('a'), patient('b')], stop.signal);
  stop.abort();
  await all;
  t.deepEqual(ended, ['a', 'b']);
  const broken = { name: 'c', run: () => Promise.reject(new Error('broken')) };
  await t.throwsAsync(runAll([patient('d'), broken], new AbortController().signal), { message: 'broken' });
  t.deepEqual(ended, ['a', 'b', 'd']);
  const lazy = { name: 'e', run: async () => undefined };
  await t.throwsAsync(runAll([lazy], new AbortController().signal), { message: 'e ended by itself' });
});

const agent = (node: string, session?: string): AgentConfig => ({
  node,
  podIp: '10.0.0.1',
  ports: [
    {
      appPort: 8080,
      agentPort: 15080,
      mode: session === undefined ? 'tcp' : 'http',
      intercepts:
        session === undefined
          ? []
          : [
              {
                id: 'shop/i',
                session,
                serverName: 'i.shop.s.session.tp',
                headers: [{ name: 'x-tp-x', value: 'v' }],
                fallback: 'pod',
              },
            ],
    },
  ],
  tunnels: session === undefined ? [] : [{ session, peerName: 's.session.tp', relays: [] }],
});

test('publishing: certificates only where there are tunnels, problems by intercept, gone agents forgotten', async (t) => {
  const authority = await parseAuthority(await createAuthority(Date.now()));
  const cache = createSnapshotCache();
  const certificates = createAgentCertificates(authority);
  const publisher = createPublisher({ cache, certificates, now: Date.now, onTrouble: () => t.fail() });
  const idle = await publisher.publish(new Map([['a/1', agent('a/1')]]));
  t.is(idle.nextMs, Number.POSITIVE_INFINITY);
  t.is(cache.getSnapshot('a/1')?.set.secret.size, 0);
  const first = cache.getSnapshot('a/1');
  await publisher.publish(new Map([['a/1', agent('a/1')]]));
  t.is(cache.getSnapshot('a/1'), first, 'an equal configuration is not built again');
  const busy = await publisher.publish(new Map([['a/2', agent('a/2', 's')]]));
  t.true(busy.nextMs < Number.POSITIVE_INFINITY);
  t.regex(busy.problems.get('shop/i') ?? '', /x-tp-x/);
  t.deepEqual([...cache.nodes], ['a/2']);
});

test('configuration: defaults, and what is wrong by name', (t) => {
  const env = { POD_NAME: 'p', POD_NAMESPACE: 'n' };
  t.like(parseConfig(env), { podName: 'p', xdsPort: 15010, agentIdleTimeoutMs: 3600_000, logLevel: 'info' });
  t.is(parseConfig({ ...env, TP_AGENT_IDLE_TIMEOUT: '90s' }).agentIdleTimeoutMs, 90_000);
  for (const [wrong, name] of [
    [{ POD_NAME: '' }, /POD_NAME/],
    [{ TP_SESSION_GRACE: 'soon' }, /TP_SESSION_GRACE/],
    [{ TP_ADMIN_PORT: '99999' }, /TP_ADMIN_PORT/],
  ] as const) {
    t.throws(() => parseConfig({ ...env, ...wrong }), { code: 'CONFIG_INVALID', message: name });
  }
});

test('durations', (t) => {
  const cases = {
    '1h30m': 5400_000,
    '2d': 172_800_000,
    '500ms': 500,
    '0.5s': 500,
    '10m': 600_000,
    '': undefined,
    '10': undefined,
    h: undefined,
  };
  for (const [text, expected] of Object.entries(cases)) t.is(parseDuration(text), expected, text);
});

test('secrets do not get into the log', (t) => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  log.info({ token: 'hush', identity: { privateKey: 'hush', certificate: 'hush' }, node: 'a/b' }, 'x');
  t.notRegex(lines.join(''), /hush/);
  t.regex(lines.join(''), /a\/b/);
});
