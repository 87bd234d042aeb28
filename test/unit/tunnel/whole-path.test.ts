// Agent -> relay -> laptop -> application with real TLS and sockets: what an application and its caller see.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import test from 'ava';
import { portForward } from '../../../kubectl-tp/src/kubernetes/port-forward.ts';
import type { LocalTarget } from '../../../kubectl-tp/src/tunnel/local-target.ts';
import { captureClientHello } from '../../helpers/client-hello.ts';
import { closedPort, dialTcp, startApp } from '../../helpers/loopback.ts';
import { startPortForwardServer } from '../../helpers/port-forward-server.ts';
import { createTunnelRig } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const MIB = 1 << 20;

async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The code a socket fails with, or 'end' when it ends in order. */
async function howItEnds(socket: Socket): Promise<string> {
  socket.resume();
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('end'));
  });
}

test('bytes go there and back', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const agent = await rig.agent();
  agent.end('hello');
  t.is((await readAll(agent)).toString(), 'hello');
  t.is(agent.alpnProtocol, 'http/1.1');
});

test('an application that ends first has its last bytes delivered, and still receives', async (t) => {
  const upload = randomBytes(8 * MIB);
  const download = randomBytes(8 * MIB);
  const received = Promise.withResolvers<Buffer>();
  const app = await startApp(t, (socket) => {
    socket.end(download);
    readAll(socket).then(received.resolve);
  });
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const agent = await rig.agent();
  t.is(hashOf(await readAll(agent)), hashOf(download));
  agent.end(upload);
  t.is(hashOf(await received.promise), hashOf(upload));
});

test('a caller that ends first still receives 100 MB', async (t) => {
  const part = randomBytes(MIB);
  const app = await startApp(t, async (socket) => {
    socket.resume();
    await once(socket, 'end');
    for (let sent = 0; sent < 100; sent += 1) {
      if (!socket.write(part)) await once(socket, 'drain');
    }
    socket.end();
  });
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const agent = await rig.agent();
  agent.end('go');
  let bytes = 0;
  for await (const chunk of agent) bytes += chunk.length;
  t.is(bytes, 100 * MIB);
});

test('a reset of the application reaches the agent as a reset', async (t) => {
  const app = await startApp(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const agent = await rig.agent();
  agent.write('x');
  t.is(await howItEnds(agent), 'ECONNRESET');
});

test('a reset of the agent reaches the application as a reset, also in a half-closed connection', async (t) => {
  const accepted = Promise.withResolvers<Socket>();
  const app = await startApp(t, (socket) => accepted.resolve(socket));
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const agent = await rig.agent();
  agent.write('x');
  const socket = await accepted.promise;
  socket.end('bye');
  await readAll(agent);
  agent.reset();
  t.is(await howItEnds(socket), 'ECONNRESET');
});

test('a reader that stalls holds up nobody else', async (t) => {
  const app = await startApp(t, (socket) => {
    socket.once('data', (first) => {
      if (first.toString() === 'flood') socket.write(randomBytes(32 * MIB));
      else socket.end(first);
    });
  });
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  for (let stalled = 0; stalled < 8; stalled += 1) {
    const agent = await rig.agent();
    agent.pause();
    agent.write('flood');
  }
  const agent = await rig.agent();
  agent.write('quick');
  t.is((await readAll(agent)).toString(), 'quick');
});

test('2,000 connections given up in a hurry leave the tunnel up and nothing behind', async (t) => {
  const open = new Set<Socket>();
  const app = await startApp(t, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.resume().on('end', () => socket.end());
  });
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const relay = rig.relays[0];
  const template = await captureClientHello({ servername: `web.team-a.${rig.session.name}.session.tp` });
  for (let round = 0; round < 100; round += 1) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => dialTcp(relay?.ports.agent ?? 0)));
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.write(template, () => socket.resetAndDestroy());
    }
  }
  const agent = await rig.agent();
  t.is(rig.tunnels.status()[0]?.state.name, 'up');
  agent.reset();
  await waitFor('no connection left', () => open.size === 0, 5000);
});

test('a local port that nobody listens on resets the agent before TLS', async (t) => {
  const outcomes: string[] = [];
  const rig = await createTunnelRig(t, {
    port: await closedPort(),
    laptop: { onConnection: ({ outcome }) => outcomes.push(outcome) },
  });
  await rig.up();
  await t.throwsAsync(rig.agent(), { code: 'ECONNRESET' });
  t.deepEqual(outcomes, ['local-port-closed']);
});

test('a probe counts the pod and never reaches the application', async (t) => {
  let accepted = 0;
  const app = await startApp(t, () => {
    accepted += 1;
  });
  const probes: object[] = [];
  const rig = await createTunnelRig(t, { port: app.port, laptop: { onProbe: (probe) => probes.push(probe) } });
  await rig.up();
  const agent = await rig.agent({ protocols: ['tp-probe'] });
  t.is(await howItEnds(agent), 'end');
  t.deepEqual(probes, [{ namespace: 'team-a', intercept: 'web', pod: 'web-1' }]);
  t.is(accepted, 0);
});

test('an agent resumes its TLS session, and is still known by its pod', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const pods: (string | undefined)[] = [];
  const rig = await createTunnelRig(t, { port: app.port, laptop: { onConnection: ({ pod }) => pods.push(pod) } });
  await rig.up();
  const first = await rig.agent();
  const ticket: Buffer = await new Promise((resolve) => {
    first.once('session', resolve);
    first.write('x');
    first.resume();
  });
  const second = await rig.agent({ ticket });
  t.true(second.isSessionReused());
  second.end('again');
  t.is((await readAll(second)).toString(), 'again');
  t.deepEqual(pods, ['web-1', 'web-1']);
});

test('an agent that is faster than the answer to whoever made its intercept waits for that', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const asked = Promise.withResolvers<string>();
  const known = Promise.withResolvers<LocalTarget | undefined>();
  const lookup = (_: string, intercept: string) => {
    asked.resolve(intercept);
    return known.promise;
  };
  const rig = await createTunnelRig(t, { laptop: { lookup } });
  await rig.up();
  const agent = rig.agent();
  t.is(await asked.promise, 'web');
  known.resolve({ host: '127.0.0.1', port: app.port });
  const socket = await agent;
  socket.end('hello');
  t.is((await readAll(socket)).toString(), 'hello');
});

test('an agent does not wait for ever for an intercept that is being made: it asks the pod then', async (t) => {
  const rig = await createTunnelRig(t, { laptop: { lookup: () => new Promise(() => undefined) } });
  await rig.up();
  await t.throwsAsync(rig.agent());
});

test('inside a port-forward all of it is the same', async (t) => {
  const download = randomBytes(8 * MIB);
  const app = await startApp(t, (socket) => socket.end(download));
  const server = await startPortForwardServer(t, {
    async onForward(forward) {
      const relay = await dialTcp(rig.relays[0]?.ports.laptop ?? 0);
      relay.on('data', (data: Buffer) => forward.send(0, data)).on('close', () => forward.socket.destroy());
      forward.onData = (data) => void relay.write(data);
      relay.write(forward.received());
      forward.socket.on('close', () => relay.destroy());
    },
  });
  const rig = await createTunnelRig(t, {
    port: app.port,
    laptop: { dialRelay: (pod, signal) => portForward(server, { namespace: 'kubectl-tp', pod, port: 8444 }, signal) },
  });
  await rig.up();
  const agent = await rig.agent();
  t.is(hashOf(await readAll(agent)), hashOf(download));
});
