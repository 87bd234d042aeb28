// What happens when a part of the way goes: agents learn of it at once, and the laptop finds its way back.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import test from 'ava';
import { LEASES, SESSIONS } from '../../../control-plane/src/api/index.ts';
import { PING_INTERVAL_MS } from '../../../control-plane/src/protocol/index.ts';
import { reverseConnect } from '../../../kubectl-tp/src/tunnel/reverse-connect.ts';
import { createTunnels } from '../../../kubectl-tp/src/tunnel/tunnels.ts';
import { dialTcp, startApp } from '../../helpers/loopback.ts';
import { createTunnelRig, startTestRelay, type TestRelay } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

async function readAll(stream: Duplex): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

const echo = (socket: Duplex) => socket.pipe(socket);

/** A dialer whose connections a test can cut. */
function createCuttableDialer(relays: () => TestRelay[]) {
  const connections: Duplex[] = [];
  return {
    connections,
    dial: async (pod: string) => {
      const relay = relays().find(({ name }) => name === pod);
      if (relay === undefined) throw new Error(`no ${pod}`);
      const connection = await dialTcp(relay.ports.laptop);
      connections.push(connection);
      return connection;
    },
  };
}

test('a laptop that dies resets its agents at once and loses its Lease', async (t) => {
  const app = await startApp(t, echo);
  const dialer = createCuttableDialer(() => rig.relays);
  const rig = await createTunnelRig(t, { port: app.port, laptop: { dialRelay: dialer.dial } });
  await rig.up();
  await waitFor('a Lease', () => rig.kubernetes.names(LEASES).length === 1);
  const agent = await rig.agent();
  agent.write('x');
  await once(agent, 'data');
  rig.tunnels.setRelays([]);
  const startedAt = performance.now();
  dialer.connections[0]?.destroy();
  await t.throwsAsync(once(agent, 'end'), { code: 'ECONNRESET' });
  t.true(performance.now() - startedAt < PING_INTERVAL_MS, 'no ping told it');
  await waitFor('no Lease', () => rig.kubernetes.names(LEASES).length === 0);
  await t.throwsAsync(rig.agent(), { code: 'ECONNRESET' });
});

test('a lost tunnel is back soon, with the same identity', async (t) => {
  const app = await startApp(t, echo);
  const dialer = createCuttableDialer(() => rig.relays);
  const rig = await createTunnelRig(t, { port: app.port, laptop: { dialRelay: dialer.dial } });
  await rig.up();
  dialer.connections[0]?.destroy();
  await waitFor('dialed again', () => dialer.connections.length === 2, 3000);
  await rig.up();
  const agent = await rig.agent();
  agent.end('back');
  t.is(await readAll(agent), 'back');
});

test('a tunnel that is cut resets the application, also one that has ended its own side', async (t) => {
  const accepted: Socket[] = [];
  const app = await startApp(t, (socket) => accepted.push(socket));
  const dialer = createCuttableDialer(() => rig.relays);
  const rig = await createTunnelRig(t, { port: app.port, laptop: { dialRelay: dialer.dial } });
  await rig.up();
  const [open, halfClosed] = [await rig.agent(), await rig.agent()];
  for (const agent of [open, halfClosed]) agent.write('x');
  await waitFor('both at the application', () => accepted.length === 2);
  accepted[1]?.end('all');
  t.is(await Promise.race([readAll(open), readAll(halfClosed)]), 'all');
  const failures = accepted.map((socket) => t.throwsAsync(once(socket.resume(), 'end'), { code: 'ECONNRESET' }));
  dialer.connections[0]?.destroy();
  await Promise.all(failures);
});

test('of two relays each serves; when one ends the other goes on', async (t) => {
  const app = await startApp(t, echo);
  const rig = await createTunnelRig(t, { port: app.port, relays: 2 });
  await rig.up();
  t.deepEqual(rig.kubernetes.names(LEASES), await waitForLeases());
  for (const relay of rig.relays) {
    const agent = await rig.agent({}, relay);
    agent.end(relay.name);
    t.is(await readAll(agent), relay.name);
  }
  await rig.relays[0]?.end();
  t.deepEqual(rig.kubernetes.names(LEASES), ['me.relay-1']);
  const agent = await rig.agent({}, rig.relays[1]);
  agent.end('still');
  t.is(await readAll(agent), 'still');

  async function waitForLeases(): Promise<string[]> {
    await waitFor('two Leases', () => rig.kubernetes.names(LEASES).length === 2);
    return ['me.relay-0', 'me.relay-1'];
  }
});

test('a relay that ends lets a connection finish', async (t) => {
  const app = await startApp(t, echo);
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const agent = await rig.agent();
  agent.write('before ');
  await once(agent, 'data');
  const ended = rig.relays[0]?.end();
  await waitFor('draining', () => rig.tunnels.status()[0]?.state.name === 'draining', 2000);
  agent.end('after');
  t.is(await readAll(agent), 'after');
  await ended;
});

test('a laptop that leaves lets a connection finish, and takes no new one', async (t) => {
  const app = await startApp(t, echo);
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const agent = await rig.agent();
  agent.write('before ');
  await once(agent, 'data');
  const closed = rig.tunnels.close();
  await waitFor('no Lease', () => rig.kubernetes.names(LEASES).length === 0);
  await t.throwsAsync(rig.agent(), { code: 'ECONNRESET' });
  agent.end('after');
  t.is(await readAll(agent), 'after');
  await closed;
});

test('a deleted Session ends its tunnel at once and is not let in again', async (t) => {
  const states: string[] = [];
  const rig = await createTunnelRig(t, {
    laptop: {
      onState: (_relay, state) => states.push(state.name === 'waiting' ? state.error.message : state.name),
    },
  });
  await rig.up();
  rig.kubernetes.remove(SESSIONS, 'me');
  await waitFor('refused', () => states.some((state) => state.includes('TUNNEL_SESSION_UNKNOWN')), 3000);
  await waitFor('no Lease', () => rig.kubernetes.names(LEASES).length === 0);
  t.pass();
});

test('with the API server away the relay serves on, and writes its Lease later', async (t) => {
  const app = await startApp(t, echo);
  const rig = await createTunnelRig(t, { port: app.port, relays: 0 });
  const relay = await startTestRelay(t, 'relay-late', rig.kubernetes);
  rig.relays.push(relay);
  await waitFor('sessions listed', async () => (await fetch(`http://127.0.0.1:${relay.ports.admin}/readyz`)).ok);
  rig.kubernetes.isAway = true;
  rig.tunnels.setRelays(['relay-late']);
  await rig.up();
  const agent = await rig.agent();
  agent.end('served');
  t.is(await readAll(agent), 'served');
  t.deepEqual(rig.kubernetes.names(LEASES), []);
  rig.kubernetes.isAway = false;
  await waitFor('the Lease', () => rig.kubernetes.names(LEASES).includes('me.relay-late'));
});

test('a newer tunnel that is dropped at once leaves the one before it in its place', async (t) => {
  const app = await startApp(t, echo);
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const claim = { session: 'me', key: rig.session.key, relay: 'relay-0' };
  const dialed = await dialTcp(rig.relays[0]?.ports.laptop ?? 0);
  const slower = await reverseConnect(dialed, claim, new AbortController().signal);
  slower.destroy();
  await waitFor('connections reach the laptop', async () => {
    const agent = await rig.agent().catch(() => undefined);
    agent?.end('again');
    return agent !== undefined && (await readAll(agent)) === 'again';
  });
  t.is(rig.tunnels.status()[0]?.state.name, 'up');
  t.deepEqual(rig.kubernetes.names(LEASES), ['me.relay-0']);
});

test('the newest tunnel of a session gets new connections; the one before keeps its own', async (t) => {
  const app = await startApp(t, echo);
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const old = await rig.agent();
  old.write('1');
  await once(old, 'data');
  const seen: string[] = [];
  const newer = createTunnels({
    session: 'me',
    proofKey: rig.session.key,
    certificate: () => rig.session.certificate,
    dialRelay: () => dialTcp(rig.relays[0]?.ports.laptop ?? 0),
    lookup: () => ({ host: '127.0.0.1', port: app.port }),
    onConnection: ({ outcome }) => seen.push(outcome),
    drainMs: 100,
  });
  t.teardown(() => newer.close());
  newer.setRelays(['relay-0']);
  await waitFor('newer up', () => newer.status()[0]?.state.name === 'up', 3000);
  const agent = await rig.agent();
  agent.end('new');
  t.is(await readAll(agent), 'new');
  t.deepEqual(seen, ['joined']);
  old.end('2');
  t.is(await readAll(old), '2');
});
