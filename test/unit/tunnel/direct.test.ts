// Tunnels without the API server: under TLS to the address of an install's relays, of which the right one is known by its
// certificate. Where that does not work, the port-forward is the way.

import { once } from 'node:events';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { OUTBOUND_PATH } from '../../../control-plane/src/protocol/index.ts';
import { MAX_UNPROVEN_PER_ADDRESS } from '../../../control-plane/src/relay/limits.ts';
import { createDirectDialer } from '../../../kubectl-tp/src/tunnel/dial-direct.ts';
import { reverseConnect } from '../../../kubectl-tp/src/tunnel/reverse-connect.ts';
import type { TunnelsOptions } from '../../../kubectl-tp/src/tunnel/tunnels.ts';
import { closedPort, dialTcp, portOf, startApp } from '../../helpers/loopback.ts';
import {
  createTestAuthority,
  createTestSession,
  createTunnelRig,
  type TestRelay,
  type TestSession,
} from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const HOST = '127.0.0.1';
/** A port-forward that takes for ever, so that only the other way is left. */
const SLOW: Partial<TunnelsOptions> = {
  dialRelay: (_relay, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    }),
};

async function listen(t: ExecutionContext, server: Server): Promise<number> {
  server.listen(0, HOST);
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return portOf(server);
}

/** As a balancer does: each connection goes to the next. */
async function startBalancer(
  t: ExecutionContext,
  ports: () => readonly number[],
): Promise<{ port: number; turns: number }> {
  const balancer = { port: 0, turns: 0 };
  const server = createServer((socket) => {
    const all = ports();
    const onward = connectTcp(all[balancer.turns++ % all.length] ?? 0, HOST);
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  balancer.port = await listen(t, server);
  return balancer;
}

test('a relay that has an address is reached by it, and carries connections', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const directPort = ([relay]: readonly TestRelay[]) => relay?.ports.direct ?? 0;
  const rig = await createTunnelRig(t, { port: app.port, laptop: SLOW, directPort });
  await rig.up();
  t.is(rig.tunnels.status()[0]?.way, 'direct');
  const agent = await rig.agent();
  agent.end('hello');
  t.is(String((await once(agent, 'data'))[0]), 'hello');
});

test('behind a balancer each tunnel ends at the relay that it is for', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  let ports: readonly number[] = [];
  const balancer = await startBalancer(t, () => ports);
  const directPort = (relays: readonly TestRelay[]) => {
    ports = relays.map((relay) => relay.ports.direct ?? 0);
    return balancer.port;
  };
  const rig = await createTunnelRig(t, { relays: 3, port: app.port, laptop: SLOW, directPort });
  await rig.up();
  t.deepEqual(new Set(rig.tunnels.status().map(({ way }) => way)), new Set(['direct']));
  for (const relay of rig.relays) {
    const agent = await rig.agent({}, relay);
    agent.end('hello');
    t.is(String((await once(agent, 'data'))[0]), 'hello');
  }
});

test('an address that leads to other relays only is given up', async (t) => {
  const other = await createTunnelRig(t);
  const balancer = await startBalancer(t, () => [other.relays[0]?.ports.direct ?? 0]);
  const dial = createDirectDialer({
    addressOf: () => ({ host: HOST, port: balancer.port }),
    authority: () => other.authority.bundle,
  })('relay-7');
  await t.throwsAsync(async () => dial?.(AbortSignal.timeout(20_000)), {
    code: 'TUNNEL_REFUSED',
    message: /other relays/,
  });
  t.true(balancer.turns > 1);
});

const impostors = {
  'of another authority': async () => createTestSession(await createTestAuthority(), 'relay-0'),
  'that holds the certificate of a session': async (session: TestSession) => session,
};
for (const [who, identify] of Object.entries(impostors)) {
  test(`nothing is said to somebody ${who}, and the port-forward is the way`, async (t) => {
    const heard: string[] = [];
    const { session, authority } = await createTunnelRig(t, { relays: 0 });
    const { cert, key } = (await identify(session)).certificate;
    const impostor = createTlsServer({ cert, key }, (socket) => {
      socket.on('error', () => undefined).on('data', (bytes) => heard.push(String(bytes)));
    });
    const knocked = once(impostor, 'connection');
    const port = await listen(t, impostor);
    const dialDirect = createDirectDialer({
      addressOf: () => ({ host: HOST, port }),
      authority: () => authority.bundle,
    });
    const rig = await createTunnelRig(t, { laptop: { dialDirect } });
    await knocked;
    await rig.up();
    t.is(rig.tunnels.status()[0]?.way, 'port-forward');
    t.deepEqual(heard, []);
  });
}

test('an address from which nothing comes costs a moment, once', async (t) => {
  let asked = 0;
  const silent = await listen(
    t,
    createServer((socket: Socket) => {
      asked += 1;
      t.teardown(() => socket.destroy());
    }),
  );
  const rig = await createTunnelRig(t, { directPort: () => silent });
  for (let round = 0; round < 2; round++) {
    await rig.up();
    t.is(rig.tunnels.status()[0]?.way, 'port-forward');
    rig.tunnels.setRelays([]);
    rig.tunnels.setRelays(['relay-0']);
  }
  t.is(asked, 1);
});

test('a tunnel that came by a detour moves when there is a shorter way, and what is open stays', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  let port = await closedPort();
  const rig = await createTunnelRig(t, { port: app.port, directPort: () => port });
  await rig.up();
  t.is(rig.tunnels.status()[0]?.way, 'port-forward');
  const old = await rig.agent();
  old.write('before');
  t.is(String((await once(old, 'data'))[0]), 'before');
  port = rig.relays[0]?.ports.direct ?? 0;
  await waitFor('the shorter way', () => rig.tunnels.status()[0]?.way === 'direct', 60_000);
  for (let round = 0; round < 20; round++) {
    const agent = await rig.agent();
    agent.end(`round ${round}`);
    t.is(String((await once(agent, 'data'))[0]), `round ${round}`);
    old.write('still');
    t.is(String((await once(old, 'data'))[0]), 'still');
  }
  t.is(rig.tunnels.status()[0]?.state.name, 'up');
});

type Rig = Awaited<ReturnType<typeof createTunnelRig>>;

const claimOf = ({ session: { name: session, key } }: Rig) =>
  ({ session, key, relay: 'relay-0', path: OUTBOUND_PATH }) as const;

/** One tunnel by the short way. */
async function connectDirect(rig: Rig): Promise<Duplex> {
  const dial = createDirectDialer({
    addressOf: () => ({ host: HOST, port: rig.relays[0]?.ports.direct ?? 0 }),
    authority: () => rig.authority.bundle,
  })('relay-0');
  const { signal } = new AbortController();
  const connection = await dial?.(signal);
  if (connection === undefined) throw new Error('there is no address');
  return reverseConnect(connection, claimOf(rig), signal);
}

test('what leaves the laptop may go this way, as it is encrypted, and not by the proxy', async (t) => {
  const rig = await createTunnelRig(t);
  const tunnel = await connectDirect(rig);
  t.false(tunnel.destroyed);
  tunnel.destroy();
  const { signal } = new AbortController();
  const proxied = await dialTcp(rig.relays[0]?.ports.proxy ?? 0);
  await t.throwsAsync(reverseConnect(proxied, claimOf(rig), signal), { code: 'TUNNEL_REFUSED' });
});

test('one source holds so many unproven connections; who proves a session comes in all the same', async (t) => {
  const rig = await createTunnelRig(t);
  const port = rig.relays[0]?.ports.direct ?? 0;
  const silent = await Promise.all(Array.from({ length: MAX_UNPROVEN_PER_ADDRESS }, () => dialTcp(port)));
  for (const socket of silent) {
    t.teardown(() => socket.destroy());
    socket.resume().on('error', () => undefined);
    socket.on('end', () => socket.destroy());
  }
  const proven = await connectDirect(rig);
  t.teardown(() => proven.destroy());
  await waitFor('the oldest has made room', () => silent[0]?.destroyed);
  const late = await dialTcp(port);
  t.teardown(() => late.destroy());
  const another = await connectDirect(rig);
  t.teardown(() => another.destroy());
  await waitFor('the next has made room', () => silent[1]?.destroyed);
  t.false(proven.destroyed, 'who has proven a session has no place to lose');
});
