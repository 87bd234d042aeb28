// What a session tries to reach, and who tries to ask: through a relay's questions to a running control plane, over TLS.
// In turn: each test starts a control plane, and so many at once answer too late on a busy machine.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { REFUSALS } from '../../../control-plane/src/reach/refusals.ts';
import { closedPort, startApp } from '../../helpers/loopback.ts';
import { INSTALL, PODS_PATH, SESSIONS_PATH } from '../../helpers/shop.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { askRaw, type RawQuestion, RELAY_TOKEN, startAsking, startShopToReach } from './helpers/shop-to-reach.ts';

const dials = test.macro(async (t: ExecutionContext, addresses: Record<string, string>) => {
  const controlPlane = await startShopToReach(t);
  // A range around everything opens nothing of the cluster.
  const { mayDial, troubles } = await startAsking(t, controlPlane, { allow: ['10.0.0.0/8', '192.168.0.0/16'] });
  for (const [address, expected] of Object.entries(addresses)) {
    const verdict = await mayDial('alice-1', address);
    t.is(verdict.allowed ? 'allowed' : verdict.reason, expected, address);
  }
  t.deepEqual(troubles, []);
});
test.serial('what the owner may see, and what the install allows', dials, {
  '10.0.0.7': 'allowed',
  '10.1.0.1': 'allowed',
  '::ffff:10.1.0.1': 'allowed',
  '10.99.0.1': 'allowed',
});
test.serial('metadata, loopback, multicast', dials, {
  '169.254.169.254': REFUSALS.closed,
  '::ffff:a9fe:a9fe': REFUSALS.closed,
  '127.0.0.1': REFUSALS.closed,
  '::1': REFUSALS.closed,
  '0.0.0.0': REFUSALS.closed,
  '224.0.0.1': REFUSALS.closed,
});
test.serial('nodes, by a pod with their network and by the host of a pod', dials, {
  '192.168.1.1': REFUSALS.closed,
  '192.168.1.2': REFUSALS.closed,
});
test.serial('relays, control plane, webhook', dials, {
  '10.0.0.9': REFUSALS.closed,
  '10.0.0.10': REFUSALS.closed,
  '10.1.0.253': REFUSALS.closed,
});
test.serial("others' Services and pods, and an address that is theirs as well", dials, {
  '10.1.0.2': REFUSALS.forbidden,
  '10.0.0.20': REFUSALS.forbidden,
  '10.0.0.30': REFUSALS.forbidden,
});
test.serial('no address, or one that an outsider chose', dials, {
  None: REFUSALS.malformed,
  'db.example': REFUSALS.malformed,
  'fe80::1%eth0': REFUSALS.malformed,
  '8.8.8.8': REFUSALS.unknown,
});

test.serial('the address of an ExternalName is not one of the cluster', async (t) => {
  const { mayDial } = await startAsking(t, await startShopToReach(t));
  t.deepEqual(await mayDial('alice-1', '10.1.0.3'), { allowed: false, reason: REFUSALS.unknown });
});

test.serial('a session nobody knows reaches nothing', async (t) => {
  const { mayDial } = await startAsking(t, await startShopToReach(t), { allow: ['10.0.0.0/8'] });
  t.deepEqual(await mayDial('bob-1', '10.0.0.7'), { allowed: false, reason: REFUSALS.unchecked });
});

test.serial('a session that ends takes its answers with it', async (t) => {
  const controlPlane = await startShopToReach(t);
  const { mayDial, forgotten } = await startAsking(t, controlPlane);
  t.true((await mayDial('alice-1', '10.0.0.7')).allowed);
  controlPlane.api.remove(SESSIONS_PATH, 'alice-1');
  await waitFor('the end', () => forgotten.length > 0);
  t.deepEqual(await mayDial('alice-1', '10.0.0.7'), { allowed: false, reason: REFUSALS.unchecked });
});

test.serial('a pod that comes can be dialed', async (t) => {
  const controlPlane = await startShopToReach(t);
  const { mayDial } = await startAsking(t, controlPlane);
  controlPlane.api.put(PODS_PATH, {
    metadata: { name: 'new', namespace: 'shop' },
    status: { podIP: '10.0.0.40' },
  } as never);
  await waitFor('the pod', async () => (await mayDial('alice-1', '10.0.0.40')).allowed, 15_000);
  t.pass();
});

const unasked = test.macro(async (t: ExecutionContext, change: Parameters<typeof startAsking>[2], why: RegExp) => {
  const controlPlane = await startShopToReach(t);
  const { mayDial, troubles } = await startAsking(t, controlPlane, change);
  t.deepEqual(await mayDial('alice-1', '10.0.0.7'), { allowed: false, reason: REFUSALS.unchecked });
  t.regex(String(troubles[0]), why);
});
test.serial(
  'a control plane by another name is not believed',
  unasked,
  { serverName: 'tp-webhook.kubectl-tp.svc' },
  /altnames/,
);
test.serial('a relay whose token is refused dials nothing', unasked, { token: 'made-up' }, /403/);
test.serial('a control plane that is away', async (t) => {
  const controlPlane = await startShopToReach(t);
  const { mayDial, troubles } = await startAsking(t, controlPlane, { port: await closedPort() });
  t.deepEqual(await mayDial('alice-1', '10.0.0.7'), { allowed: false, reason: REFUSALS.unchecked });
  t.regex(String(troubles[0]), /ECONNREFUSED/);
});

test.serial('with the control plane gone, what was allowed stays so, and nothing is added', async (t) => {
  const controlPlane = await startShopToReach(t);
  const { mayDial, troubles } = await startAsking(t, controlPlane);
  t.true((await mayDial('alice-1', '10.0.0.7')).allowed);
  await controlPlane.stop();
  t.true((await mayDial('alice-1', '10.0.0.7')).allowed, 'remembered');
  t.false((await mayDial('alice-1', '10.1.0.1')).allowed);
  t.is(troubles.length, 1);
});

/** Passes connections on to the control plane; a connection that was there before `spoil` is spoiled when it is used. */
async function startWay(t: ExecutionContext, port: number) {
  const open: { laptop: Socket; spoiled: boolean }[] = [];
  let onUse: (socket: Socket) => void = () => undefined;
  const { port: ownPort } = await startApp(t, (socket) => {
    const far = connect(port, '127.0.0.1');
    const connection = { laptop: socket, spoiled: false };
    open.push(connection);
    far.on('error', () => socket.destroy());
    far.pipe(socket);
    socket.on('data', (data) => (connection.spoiled ? onUse(socket) : far.write(data)));
    socket.on('close', () => far.destroy());
  });
  const spoil = (how: typeof onUse) => {
    onUse = how;
    for (const connection of open) connection.spoiled = true;
  };
  return { port: ownPort, spoil, connections: () => open.length };
}

const survives = test.macro(async (t: ExecutionContext, how: (socket: Socket) => void) => {
  const controlPlane = await startShopToReach(t);
  const way = await startWay(t, controlPlane.ports.reach);
  const { mayDial, troubles } = await startAsking(t, controlPlane, { port: way.port });
  t.true((await mayDial('alice-1', '10.0.0.7')).allowed);
  t.false((await mayDial('alice-1', '10.0.0.20')).allowed);
  t.is(way.connections(), 1, 'the connection is kept');
  way.spoil(how);
  t.true((await mayDial('alice-1', '10.1.0.1')).allowed);
  t.is(way.connections(), 2);
  t.deepEqual(troubles, []);
});
test.serial('a kept connection that breaks: asked again on a new one', survives, (socket) => socket.resetAndDestroy());
test.serial('a kept connection that hangs: asked again on a new one', survives, () => undefined);

const QUESTION = JSON.stringify({ session: 'alice-1', address: '10.0.0.7' });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const asks = test.macro(async (t: ExecutionContext, question: RawQuestion, status: number, body: RegExp) => {
  const answer = await askRaw(await startShopToReach(t), { body: QUESTION, ...question });
  t.is(answer.status, status, answer.body);
  t.regex(answer.body, body);
});
test.serial('asked by a relay', asks, { headers: bearer(RELAY_TOKEN) }, 200, /^\{"allowed":true\}$/);
test.serial('asked by a relay that is not ready', asks, { headers: bearer('token-of-an-unready-relay') }, 200, /true/);
test.serial('asked by nobody', asks, {}, 401, /token is missing/);
test.serial('asked with a password', asks, { headers: { authorization: 'Basic eDp4' } }, 401, /token is missing/);
test.serial('asked with a made-up token', asks, { headers: bearer('made-up') }, 403, /not valid/);
test.serial('asked by an agent', asks, { headers: bearer('token-of-an-agent') }, 403, /not of this install/);
test.serial(
  'asked by a relay elsewhere',
  asks,
  { headers: bearer('token-of-a-relay-elsewhere') },
  403,
  /not of this install/,
);
test.serial('asked by another part', asks, { headers: bearer('token-of-a-webhook') }, 403, /is no relay/);
test.serial(
  'asked by a relay of yesterday',
  asks,
  { headers: bearer('token-of-an-earlier-relay-1') },
  403,
  /earlier pod/,
);
test.serial(
  'asked by a pod that comes',
  asks,
  { headers: bearer('token-of-a-pod-not-yet-seen') },
  503,
  /cannot be found out/,
);

const wrong = (rest: RawQuestion): RawQuestion => ({ headers: bearer(RELAY_TOKEN), ...rest });
test.serial('asked elsewhere', asks, wrong({ path: '/' }), 404, /only POST/);
test.serial('asked by GET', asks, wrong({ method: 'GET' }), 404, /only POST/);
test.serial('asked without JSON', asks, wrong({ body: 'hello' }), 400, /no question/);
test.serial('asked half', asks, wrong({ body: '{"session":"alice-1"}' }), 400, /no question/);
test.serial('asked for a number', asks, wrong({ body: '{"session":"alice-1","address":7}' }), 400, /no question/);
test.serial(
  'asked at length',
  asks,
  wrong({ body: JSON.stringify({ session: 'x'.repeat(2000) }) }),
  413,
  /at most 1024/,
);
test.serial(
  'asked without an end',
  asks,
  wrong({ headers: { ...bearer(RELAY_TOKEN), 'transfer-encoding': 'chunked' } }),
  413,
  /has a length/,
);

test.serial('one source gets some connections and no more, and has them back', async (t) => {
  const controlPlane = await startShopToReach(t);
  const asking = () => askRaw(controlPlane, { body: QUESTION, headers: bearer(RELAY_TOKEN) });
  t.is((await asking()).status, 200);
  const sockets = Array.from({ length: 16 }, () => connect(controlPlane.ports.reach, '127.0.0.1'));
  t.teardown(() => sockets.map((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await t.throwsAsync(asking());
  for (const socket of sockets) socket.destroy();
  await waitFor('a place', async () => (await asking().catch(() => undefined))?.status === 200, 5000);
});

test.serial('the log says nothing of tokens, and who was refused is no trouble', async (t) => {
  const controlPlane = await startShopToReach(t);
  await askRaw(controlPlane, { body: QUESTION, headers: bearer('token-of-an-agent') });
  await askRaw(controlPlane, { body: QUESTION, headers: bearer('token-of-a-pod-not-yet-seen') });
  const lines = controlPlane.log.filter((line) => line.includes('question of a relay'));
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', new RegExp(`${INSTALL}/relay-9 has not been seen yet`));
  t.notRegex(controlPlane.log.join(''), /token-of/);
});
