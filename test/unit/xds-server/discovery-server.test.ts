// The server on a real port with real TLS: who gets in, who is sent away, and that nobody harms another.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import {
  type AgentEvent,
  type Authenticate,
  createDiscoveryServer,
  createSnapshotCache,
  type ServerIdentity,
} from '../../../xds/src/index.ts';
import type { DiscoveryLimits } from '../../../xds/src/server/limits.ts';
import { connectDeltaAgent, type DeltaAgentOptions } from '../../helpers/delta-agent.ts';
import { createTestCertificate } from '../../helpers/test-certificate.ts';
import { resourceSet } from './resources.ts';

const { status } = grpc;
const NODE = 'team-a/web-1';
/** Tokens in these tests are `token of <node>`, without spaces. */
const tokenOf = (node: string) => `token-of-${node}`;
const authenticateByName: Authenticate = async (token) => {
  const [, node] = /^token-of-(.+)$/.exec(token) ?? [];
  return node === undefined ? { ok: false, reason: 'the token is not valid' } : { ok: true, node, instance: '1' };
};

const identity = await createTestCertificate('localhost');

test('an agent with its own token gets its snapshot, and its acknowledgement is reported', async (t) => {
  const { cache, join, eventOf } = await startServer(t);
  cache.setSnapshot(NODE, resourceSet({ cluster: { a: 1 } }), 'first');
  const agent = join(NODE);
  agent.send('cluster');
  const response = await agent.next();
  t.deepEqual(
    response.resources.map(({ name }) => name),
    ['a'],
  );
  t.is(new TextDecoder().decode(response.resources[0]?.resource?.value), '1');
  agent.send('cluster', { responseNonce: response.nonce });
  t.deepEqual(await eventOf('acknowledged'), { kind: 'acknowledged', node: NODE, tag: 'first' });
});

test('a snapshot that comes later is pushed', async (t) => {
  const { cache, join, eventOf } = await startServer(t);
  const agent = join(NODE);
  agent.send('cluster');
  await eventOf('connected');
  cache.setSnapshot(NODE, resourceSet({ cluster: { late: 1 } }), 'late');
  t.deepEqual(
    (await agent.next()).resources.map(({ name }) => name),
    ['late'],
  );
});

test('a refusal is reported with names and words of the agent', async (t) => {
  const { cache, join, eventOf } = await startServer(t);
  cache.setSnapshot(NODE, resourceSet({ cluster: { a: 1 } }), 'first');
  const agent = join(NODE);
  agent.send('cluster');
  const { nonce } = await agent.next();
  agent.send('cluster', { responseNonce: nonce, errorDetail: { code: 13, message: 'bad regex' } });
  const event = await eventOf('rejected');
  t.deepEqual(event, { kind: 'rejected', node: NODE, type: 'cluster', names: ['a'], message: 'bad regex' });
});

test('nobody gets in without a token', async (t) => {
  const { join } = await startServer(t);
  const agent = join(NODE, { token: '' });
  agent.send('cluster');
  t.is((await agent.ended).code, status.UNAUTHENTICATED);
});

test('nobody gets in with the token of another pod', async (t) => {
  const { cache, join, eventOf } = await startServer(t);
  cache.setSnapshot(NODE, resourceSet({ cluster: { a: 1 } }), 'first');
  const agent = join(NODE, { token: tokenOf('team-b/web-1') });
  agent.send('cluster');
  await t.throwsAsync(agent.next(), { message: /another node than the token proves/ });
  const refused = await eventOf('refused');
  t.is(refused.node, 'team-b/web-1', 'what the agent claims to be is nowhere written down');
});

test('a token that can not be checked is no refusal for good', async (t) => {
  const { join } = await startServer(t, { authenticate: () => Promise.reject(new Error('API server is away')) });
  const agent = join(NODE);
  agent.send('cluster');
  t.is((await agent.ended).code, status.UNAVAILABLE);
});

test('a stream can not change its node', async (t) => {
  const { cache, join, eventOf } = await startServer(t);
  cache.setSnapshot('team-b/victim', resourceSet({ secret: { key: 1 } }), 'secret');
  const agent = join(NODE);
  agent.send('cluster');
  await eventOf('connected');
  agent.send('secret', { node: { id: 'team-b/victim' }, resourceNamesSubscribe: ['key'] });
  t.is((await agent.ended).code, status.PERMISSION_DENIED);
});

test('a first request without a node, or one that is no message, ends the stream', async (t) => {
  const { join } = await startServer(t);
  const nameless = join('', { token: tokenOf(NODE) });
  nameless.send('cluster');
  t.is((await nameless.ended).code, status.INVALID_ARGUMENT);
  const garbled = join(NODE);
  garbled.sendBytes(new Uint8Array([0xff, 0xff, 0xff]));
  t.is((await garbled.ended).code, status.INTERNAL);
});

test('requests have a size, and streams a number of names', async (t) => {
  const { join } = await startServer(t);
  const large = join(NODE);
  large.sendBytes(new Uint8Array(2 << 20));
  t.is((await large.ended).code, status.RESOURCE_EXHAUSTED);
  const many = join(NODE);
  many.send('endpoint', { resourceNamesSubscribe: Array.from({ length: 20_000 }, (_, index) => `name-${index}`) });
  t.is((await many.ended).code, status.RESOURCE_EXHAUSTED);
});

test('nothing is read from a stream before its token has proven whose it is', async (t) => {
  const { join, eventOf } = await startServer(t);
  const garbled = join(NODE, { token: 'guessed' });
  garbled.sendBytes(new Uint8Array([0xff, 0xff, 0xff]));
  t.is((await garbled.ended).code, status.UNAUTHENTICATED);
  t.like(await eventOf('refused'), { node: '', reason: 'not_authenticated' });
});

test('one address can not take all places of those that have proven nothing', async (t) => {
  const { port, join, connected } = await startServer(t, {
    limits: { maxUnprovenPerAddress: 2, proofTimeoutMs: 600_000 },
  });
  t.timeout(20_000);
  const silent = [await connectTcp(t, port), await connectTcp(t, port)];
  await once((await connectTcp(t, port)).resume(), 'close');
  for (const socket of silent) socket.destroy();
  const agent = join(NODE);
  agent.send('cluster');
  const another = join('team-a/web-2');
  another.send('cluster');
  await connected(2);
  const third = join('team-a/web-3');
  third.send('cluster');
  await connected(3);
  t.pass('agents that have proven themselves take no place');
});

test('a connection that proves nothing is cut', async (t) => {
  const { port } = await startServer(t, { limits: { proofTimeoutMs: 20 } });
  const silent = await connectTcp(t, port);
  await once(silent.resume(), 'close');
  t.pass();
});

test('a stream ends for its age, and the agent that comes back was connected all the while', async (t) => {
  const { cache, join, eventOf, events } = await startServer(t, { limits: { maxStreamAgeMs: 50 } });
  cache.setSnapshot(NODE, resourceSet({ cluster: { a: 1 } }), 'first');
  const older = join(NODE);
  older.send('cluster');
  t.is((await older.ended).code, status.UNAVAILABLE);
  join(NODE).send('cluster');
  await eventOf('rejoined');
  t.deepEqual(
    events.map(({ kind }) => kind),
    ['connected', 'rejoined'],
  );
});

test('an agent that does not come back after that is gone', async (t) => {
  const { join, eventOf } = await startServer(t, { limits: { maxStreamAgeMs: 20, rejoinGraceMs: 20 } });
  join(NODE).send('cluster');
  t.regex((await eventOf('disconnected')).reason, /no longer than its token/);
});

test('another pod of the same name is no agent that comes back', async (t) => {
  let instance = 0;
  const authenticate: Authenticate = async () => ({ ok: true, node: NODE, instance: String(++instance) });
  const { join, connected } = await startServer(t, { authenticate, limits: { maxStreamAgeMs: 50 } });
  const older = join(NODE);
  older.send('cluster');
  await older.ended;
  join(NODE).send('cluster');
  await connected(2);
  t.pass();
});

test('the stream of a pod that has gone is ended, others live on', async (t) => {
  const { server, cache, join, connected, eventOf } = await startServer(t);
  const gone = join(NODE);
  const other = join('team-a/web-2');
  for (const agent of [gone, other]) agent.send('cluster');
  await connected(2);
  server.endOutdated(({ node }) => node !== NODE);
  t.is((await gone.ended).code, status.UNAUTHENTICATED);
  t.is((await eventOf('disconnected')).node, NODE);
  cache.setSnapshot('team-a/web-2', resourceSet({ cluster: { a: 1 } }), 'first');
  t.is((await other.next()).resources.length, 1);
});

test('the newest stream of a node wins, and the node counts as connected all the while', async (t) => {
  const { cache, join, eventOf, events } = await startServer(t);
  const older = join(NODE);
  older.send('cluster');
  await eventOf('connected');
  const newer = join(NODE);
  newer.send('cluster');
  t.is((await older.ended).code, status.ABORTED);
  cache.setSnapshot(NODE, resourceSet({ cluster: { a: 1 } }), 'first');
  t.is((await newer.next()).resources.length, 1);
  t.false(events.some(({ kind }) => kind === 'disconnected'));
  newer.close();
  t.is((await eventOf('disconnected')).node, NODE);
});

test('an agent that never reads keeps nobody waiting, and finds the newest snapshot when it reads', async (t) => {
  const { cache, join, connected } = await startServer(t);
  const slow = join(NODE);
  const other = join('team-a/web-2');
  for (const agent of [slow, other]) agent.send('cluster');
  await connected(2);
  slow.pause();
  const megabyte = 'x'.repeat(1 << 20);
  for (let count = 0; count < 50; count++) {
    cache.setSnapshot(NODE, resourceSet({ cluster: { a: `${count}${megabyte}` } }), `slow-${count}`);
    cache.setSnapshot('team-a/web-2', resourceSet({ cluster: { a: count } }), `other-${count}`);
    const { nonce } = await other.next();
    other.send('cluster', { responseNonce: nonce });
  }
  slow.resume();
  const first = await slow.next();
  slow.send('cluster', { responseNonce: first.nonce });
  const contents = [first, await slow.next()].map(({ resources }) =>
    new TextDecoder().decode(resources[0]?.resource?.value.subarray(0, 2)),
  );
  t.deepEqual(contents, ['0x', '49']);
});

test('a resource that can not be encoded ends the stream of its node alone', async (t) => {
  const { cache, join, connected } = await startServer(t);
  const unlucky = join(NODE);
  const other = join('team-a/web-2');
  for (const agent of [unlucky, other]) agent.send('cluster');
  await connected(2);
  const set = resourceSet({ cluster: { a: 1 } });
  const broken = { name: 'a', version: 'v', value: 'not bytes' as unknown as Uint8Array };
  cache.setSnapshot(NODE, { ...set, cluster: new Map([['a', broken]]) }, 'broken');
  t.is((await unlucky.ended).code, status.INTERNAL);
  cache.setSnapshot('team-a/web-2', set, 'good');
  t.is((await other.next()).resources.length, 1);
});

test('new connections see a renewed certificate, open streams live on', async (t) => {
  const { cache, server, port, join, connected } = await startServer(t);
  const before = join(NODE);
  before.send('cluster');
  await connected(1);
  const renewed = await createTestCertificate('localhost');
  server.renewIdentity(renewed);
  const after = join('team-a/web-2', { authority: renewed.certificateChain });
  after.send('cluster');
  await connected(2);
  t.is(await shownCertificate(port), derOf(renewed));
  cache.setSnapshot(NODE, resourceSet({ cluster: { a: 1 } }), 'first');
  t.is((await before.next()).resources.length, 1);
});

test('a closing server tells its agents to go elsewhere and frees its port', async (t) => {
  const { server, port, join, connected } = await startServer(t);
  const agent = join(NODE);
  agent.send('cluster');
  await connected(1);
  const closed = server.close();
  t.is((await agent.ended).code, status.UNAVAILABLE);
  agent.close();
  await closed;
  const successor = createDiscoveryServer({ ...callbacks([]), identity, cache: createSnapshotCache() });
  t.teardown(() => successor.close());
  t.is((await successor.listen(port, '127.0.0.1')).port, port);
});

test('a port that is taken is a clear error', async (t) => {
  const { port } = await startServer(t);
  const second = createDiscoveryServer({ ...callbacks([]), identity, cache: createSnapshotCache() });
  await t.throwsAsync(second.listen(port, '127.0.0.1'), { code: 'XDS_LISTEN_FAILED' });
});

test('without a host it serves both families, and knows again who has proven himself', async (t) => {
  const limits = { maxUnprovenPerAddress: 1, proofTimeoutMs: 600_000 };
  const { join, connected } = await startServer(t, { limits, hosts: [] });
  const hosts = ['127.0.0.1', '127.0.0.1', '[::1]', '[::1]'];
  for (const [index, host] of hosts.entries()) {
    join(`team-a/web-${index}`, { host, serverName: 'localhost' }).send('cluster');
    await connected(index + 1);
  }
  t.pass();
});

type Settings = { authenticate?: Authenticate; limits?: Partial<DiscoveryLimits>; hosts?: [host?: string] };
type EventOf<Kind extends AgentEvent['kind']> = Extract<AgentEvent, { kind: Kind }>;

async function startServer(t: ExecutionContext, settings: Settings = {}) {
  const { authenticate = authenticateByName, limits = {}, hosts = ['127.0.0.1'] } = settings;
  const cache = createSnapshotCache();
  const events: AgentEvent[] = [];
  let wake = (): void => undefined;
  const onAgent = (event: AgentEvent) => {
    events.push(event);
    wake();
  };
  const server = createDiscoveryServer({ cache, authenticate, identity, onAgent, limits });
  const { port } = await server.listen(0, ...hosts);
  t.teardown(() => server.close());

  async function until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const isOf = <Kind extends AgentEvent['kind']>(event: AgentEvent, kind: Kind): event is EventOf<Kind> =>
    event.kind === kind;

  return {
    cache,
    server,
    port,
    events,
    /** The first event of its kind, past or to come. */
    eventOf: <Kind extends AgentEvent['kind']>(kind: Kind): Promise<EventOf<Kind>> =>
      until(() => events.find((event) => isOf(event, kind)) as EventOf<Kind> | undefined),
    connected: (count: number) =>
      until(() => (events.filter(({ kind }) => kind === 'connected').length >= count ? true : undefined)),
    join: (node: string, options: Partial<DeltaAgentOptions> = {}) => {
      const authority = identity.certificateChain;
      const agent = connectDeltaAgent({ port, authority, node, token: tokenOf(node), ...options });
      t.teardown(() => agent.close());
      return agent;
    },
  };
}

function callbacks(events: AgentEvent[]) {
  return { authenticate: authenticateByName, onAgent: (event: AgentEvent) => void events.push(event) };
}

/** A connection that says nothing. */
async function connectTcp(t: ExecutionContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The certificate a new connection is shown, DER in base64. */
function shownCertificate(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
      resolve(socket.getPeerCertificate().raw.toString('base64'));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function derOf({ certificateChain }: ServerIdentity): string {
  return certificateChain.replaceAll(/-----.*-----|\s/g, '');
}
