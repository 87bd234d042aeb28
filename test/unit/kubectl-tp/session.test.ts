// Opening a session: several callers, one opening; nobody's giving up is another's failure.

import test from 'ava';
import {
  INTERCEPTS,
  type Intercept,
  PODS,
  type Resource,
  SESSIONS,
  type Session as SessionObject,
} from '../../../control-plane/src/api/index.ts';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import type { CallTools } from '../../../kubectl-tp/src/session/call-tools.ts';
import { untilEnded, untilGone } from '../../../kubectl-tp/src/session/until-ended.ts';
import { createUnusedLook } from '../../../kubectl-tp/src/session/unused-things.ts';
import type { VolumeBook } from '../../../kubectl-tp/src/volumes/volume-book.ts';
import { createMemorySession } from '../../helpers/memory-session.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const tools = (signal = new AbortController().signal): CallTools => ({ signal, progress: () => undefined });

test('whoever gives up leaves the others waiting for the same session', async (t) => {
  const { session, object, issue } = await createMemorySession(t);
  const first = new AbortController();
  const given = t.throwsAsync(session.open(tools(first.signal)), { message: 'enough' });
  const second = session.open(tools());
  await object();
  first.abort(new Error('enough'));
  await given;
  await issue();
  t.is((await second).identity.session, (await object()).metadata.name);
});

test('a session that is deleted while it is opened is told at once; the next call makes another', async (t) => {
  const { kubernetes, session, object, issue } = await createMemorySession(t);
  const refused = t.throwsAsync(session.open(tools()), { code: 'SESSION_NOT_ISSUED', message: /deleted/ });
  kubernetes.remove(SESSIONS, (await object()).metadata.name);
  await refused;
  t.true(session.isClosed());
  const again = session.open(tools());
  await issue();
  t.truthy(await again);
});

test('whoever opens a session anew is not disturbed by what is left of the deleted one', async (t) => {
  const { kubernetes, session, object, issue, reopen } = await createMemorySession(t);
  const refused = t.throwsAsync(session.open(tools()), { code: 'SESSION_NOT_ISSUED' });
  const { name } = (await object()).metadata;
  const deleting = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  Object.assign(kubernetes.client, {
    async delete() {
      deleting.resolve();
      await goOn.promise;
    },
  });
  kubernetes.remove(SESSIONS, name);
  await deleting.promise;
  const second = session.open(tools());
  t.not((await object()).metadata.name, name);
  goOn.resolve();
  await refused;
  const third = session.open(tools());
  await issue();
  t.is(await second, await third);
  t.is(kubernetes.names(SESSIONS).length, 1);
  const next = reopen();
  await next.resume(tools().signal);
  t.is(next.live()?.identity.session, (await object()).metadata.name, 'its key is kept');
});

test('ending while a session is opened leaves nothing', async (t) => {
  const { kubernetes, session, reopen } = await createMemorySession(t);
  const { client } = kubernetes;
  const { create } = client;
  const creating = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  Object.assign(client, {
    async create(resource: Resource, made: SessionObject) {
      if (resource !== SESSIONS) return create(resource, made);
      creating.resolve();
      await goOn.promise;
      return create(resource, made);
    },
  });
  const opening = t.throwsAsync(session.open(tools()), { code: 'SESSION_PROCESS_LOST' });
  await creating.promise;
  const ending = session.end();
  // What would be deleted without waiting is deleted before this.
  setImmediate(goOn.resolve);
  await ending;
  await opening;
  t.deepEqual(kubernetes.names(SESSIONS), []);
  const next = reopen();
  await next.resume(tools().signal);
  t.true(next.isClosed(), 'its key is gone, too');
});

test('a session ends on this laptop also where the cluster does not answer', async (t) => {
  const { kubernetes, session, issue, reopen } = await createMemorySession(t);
  const opened = session.open(tools());
  await issue();
  await opened;
  Object.assign(kubernetes.client, {
    async delete() {
      throw new TpError('CLUSTER_UNREACHABLE', 'Nobody answers.');
    },
  });
  t.deepEqual(await session.end(), { left: [], unreachable: 'Nobody answers.' });
  t.is(kubernetes.names(SESSIONS).length, 1);
  const next = reopen();
  await next.resume(tools().signal);
  t.true(next.isClosed(), 'its key is gone');
});

for (const [how, isOver] of [
  ['close', false],
  ['end', true],
] as const) {
  test(`${how}: who is in the cluster's network ${isOver ? 'hears that it has ended' : 'waits for the next process'}`, async (t) => {
    const { session, issue } = await createMemorySession(t);
    const opened = session.open(tools());
    await issue();
    const live = await opened;
    const caller = new AbortController();
    const gone = untilGone(session, live, caller.signal);
    await session[how]();
    live.bell.ring();
    caller.abort();
    const error = await gone;
    t.is(error?.code, isOver ? 'NETWORK_ENDED' : undefined);
    if (isOver) t.regex(error?.message ?? '', /has ended, by kubectl tp quit or /);
  });
}

for (const [how, code] of [
  ['close', undefined],
  ['end', 'INTERCEPT_ENDED'],
] as const) {
  test(`${how}: who asks for the end of an intercept only then ${code === undefined ? 'waits' : 'hears of it'}`, async (t) => {
    const { session, issue } = await createMemorySession(t);
    const opened = session.open(tools());
    await issue();
    await opened;
    await session[how]();
    const caller = new AbortController();
    const over = untilEnded(session, { namespace: 'shop', name: 'orders-1' }, caller.signal);
    caller.abort();
    const error = await over;
    t.is(error?.code, code);
    // It may have been one's own.
    if (code !== undefined) t.regex(error?.message ?? '', /has ended: by kubectl tp leave or quit, /);
  });
}

test('a session that can not be used leaves nothing', async (t) => {
  const { kubernetes, session, issue, reopen } = await createMemorySession(t);
  const labels = { 'app.kubernetes.io/component': 'relay', 'app.kubernetes.io/version': '0.0.1' };
  kubernetes.put(PODS, { metadata: { name: 'relay', namespace: 'kubectl-tp', labels } });
  const refused = t.throwsAsync(session.open(tools()), { code: 'VERSION_MISMATCH' });
  await issue();
  await refused;
  t.deepEqual(kubernetes.names(SESSIONS), []);
  const next = reopen();
  await next.resume(tools().signal);
  t.true(next.isClosed(), 'its key is gone, too');
  t.deepEqual(kubernetes.names(SESSIONS), []);
});

test('what agents have shown of an intercept is forgotten when somebody else deletes it', async (t) => {
  const { kubernetes, session, issue } = await createMemorySession(t);
  const opening = session.open(tools());
  await issue();
  const live = await opening;
  const metadata = { namespace: 'shop', name: 'orders-1', uid: 'one' };
  kubernetes.put(INTERCEPTS, { metadata });
  await session.follow('shop');
  const agent = { namespace: 'shop', intercept: 'orders-1', pod: 'orders-0' };
  live.agents.recordProbe(agent, 0);
  live.agents.recordConnection(agent);
  kubernetes.remove(INTERCEPTS, 'orders-1');
  await waitFor('its end is seen', () => live.table.get('shop', 'orders-1') === undefined);
  t.deepEqual(live.agents.probeAges(metadata, 0), new Map());
  t.deepEqual(live.agents.connections(metadata), new Map());
});

test('closing ends an opening that nobody answers', async (t) => {
  const { session, object } = await createMemorySession(t);
  const opening = t.throwsAsync(session.open(tools()), { code: 'SESSION_PROCESS_LOST' });
  await object();
  await session.close();
  await opening;
  t.true(session.isClosed());
});

for (const how of ['close', 'end'] as const) {
  test(`${how}: a call that comes late opens no other session`, async (t) => {
    const { kubernetes, session } = await createMemorySession(t);
    await session[how]();
    await t.throwsAsync(session.open(tools()), { code: 'SESSION_PROCESS_LOST' });
    const leaving = session.leaveMatching({ all: true });
    if (how === 'end') t.deepEqual(await leaving, []);
    else await t.throwsAsync(leaving, { code: 'SESSION_PROCESS_LOST' });
    t.deepEqual(kubernetes.names(SESSIONS), []);
  });
}

test('a port is served only for an intercept that this laptop was asked for, also after a restart', async (t) => {
  const { session, issue, reopen } = await createMemorySession(t);
  const opened = session.open(tools());
  await issue();
  const { table } = await opened;
  const [mine, foreign] = ['uid-1', 'uid-2'].map(
    (uid) => ({ metadata: { name: uid, namespace: 'shop', uid }, spec: { laptop: { port: 22 } } }) as Intercept,
  );
  if (mine === undefined || foreign === undefined) return t.fail();
  table.put(mine);
  table.put(foreign);
  await session.serve(mine, 8080);
  await session.follow('shop');
  t.is(session.targetOf('uid-1')?.port, 8080, 'whatever the object says');
  t.is(session.targetOf('uid-2'), undefined);
  const after = reopen();
  await after.resume(tools().signal);
  t.is(after.targetOf('uid-1')?.port, 8080);
  t.is(after.targetOf('uid-2'), undefined);
});

test("a port inside of a command's network is known to the process that was asked, and to no later one", async (t) => {
  const { session, issue, reopen } = await createMemorySession(t);
  const opened = session.open(tools());
  await issue();
  const { table } = await opened;
  const mine = { metadata: { name: 'mine', namespace: 'shop', uid: 'uid-1' } } as Intercept;
  table.put(mine);
  await session.serve(mine, 8080);
  const inside = { dial: async () => undefined };
  await session.serve(mine, 8080, inside);
  t.deepEqual(session.targetOf('uid-1'), { inside, port: 8080 });
  const after = reopen();
  await after.resume(tools().signal);
  t.is(after.targetOf('uid-1'), undefined, 'the laptop has another program there');
  await session.serve(mine, 8081);
  t.deepEqual(session.targetOf('uid-1'), { host: 'localhost', port: 8081 });
  await session.serve(mine, 8080, inside);
  await session.leave(mine);
  t.is(session.targetOf('uid-1'), undefined);
});

test('the intercepts of a session that is deleted are gone at once', async (t) => {
  const { kubernetes, session, object, issue } = await createMemorySession(t);
  const opened = session.open(tools());
  await issue();
  const { table } = await opened;
  table.put({ metadata: { name: 'orders-1', namespace: 'shop' } } as Parameters<typeof table.put>[0]);
  kubernetes.remove(SESSIONS, (await object()).metadata.name);
  await waitFor('they are gone', () => table.get('shop', 'orders-1') === undefined);
  t.pass();
});

test('an exit that nobody has entered keeps no session, and is ended when nobody has come back to it', async (t) => {
  const { kubernetes, session, issue } = await createMemorySession(t);
  const opened = session.open(tools());
  await issue();
  const { table, exits } = await opened;
  const [left, used] = ['left', 'used'].map(
    (name) => ({ metadata: { name, namespace: 'shop', uid: name }, spec: { action: 'Exit' } }) as Intercept,
  );
  if (left === undefined || used === undefined) return t.fail();
  kubernetes.put(INTERCEPTS, left);
  table.put(left);
  t.false(session.isNeeded());
  kubernetes.put(INTERCEPTS, used);
  table.put(used);
  const volumes = { unheld: () => [] } as unknown as VolumeBook;
  const look = createUnusedLook({ session, volumes }, () => undefined);
  await look();
  t.deepEqual(kubernetes.names(INTERCEPTS), ['left', 'used'], 'its command may come back');
  await exits.enter(used.metadata, async () => undefined);
  t.true(session.isNeeded());
  await look();
  t.deepEqual(kubernetes.names(INTERCEPTS), ['used']);
});

test('whoever leaves an intercept leaves alone what has its name by now', async (t) => {
  const { kubernetes, session, issue } = await createMemorySession(t);
  const opened = session.open(tools());
  await issue();
  const { table } = await opened;
  const [earlier, later] = ['uid-1', 'uid-2'].map(
    (uid) => ({ metadata: { name: 'web', namespace: 'shop', uid } }) as Intercept,
  );
  if (earlier === undefined || later === undefined) return t.fail();
  kubernetes.put(INTERCEPTS, later);
  table.put(later);
  await session.leave(earlier);
  t.deepEqual(kubernetes.names(INTERCEPTS), ['web']);
  t.is(table.get('shop', 'web')?.metadata.uid, 'uid-2');
  await session.leave(later);
  t.deepEqual(kubernetes.names(INTERCEPTS), []);
  t.is(table.get('shop', 'web'), undefined);
});
