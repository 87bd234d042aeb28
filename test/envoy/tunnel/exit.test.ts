// Connections that leave from a pod: real Envoy with our gate, a real relay, a real laptop's tunnel. What a program sees is
// what it would see in that pod.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { GATE_PROOF_ADDRESS, GATE_SECRET_TYPE } from '../../../control-plane/src/api/index.ts';
import { buildProxyHeader, sessionName } from '../../../control-plane/src/protocol/index.ts';
import type { Agents } from '../../../control-plane/src/relay/exits.ts';
import { DialError, type DialFailure } from '../../../kubectl-tp/src/outbound/dialer.ts';
import { createExitDialer, type ExitDialer } from '../../../kubectl-tp/src/outbound/exit-dialer.ts';
import { createTlsIdentity } from '../../../kubectl-tp/src/tunnel/tls-identity.ts';
import type { Gate } from '../../../xds/src/ir/agent-config.ts';
import { losesNothing, talksBothWays } from '../../helpers/dialer-laws.ts';
import { closedPort, startApp } from '../../helpers/loopback.ts';
import { createOutboundRig } from '../../helpers/outbound-rig.ts';
import { createTestSession } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { NODE, startAgent, type TestAgent } from '../xds-translator/helpers/agent.ts';
import { adaptAuthority } from './adapt-authority.ts';

const HOST = '127.0.0.1';
const EXIT = { namespace: 'team-a', name: 'orders-exit' };
const ID = `${EXIT.namespace}/${EXIT.name}`;
const SECRET = 's'.repeat(43);
const SECOND = { id: 'team-a/second', secret: 't'.repeat(43), peerName: 'other.session.tp' };
const never = new AbortController().signal;

type Scene = {
  readonly agent: TestAgent;
  readonly agents: Agents[number][];
  readonly dialer: ExitDialer;
  /** Of a session that has no exit here. */
  readonly stranger: ExitDialer;
  /** Of the session itself, by a Service that leads to the gate: the relay takes it for any other connection. */
  intrude(secret: string | undefined): ExitDialer;
  readonly gate: Gate;
  applyGate(gate: Gate | undefined): Promise<void>;
};

async function setScene(t: ExecutionContext): Promise<Scene> {
  const agents: Agents[number][] = [];
  const rig = await createOutboundRig(t, { findAgents: async () => ({ agents }) });
  const { authority, session, outbound } = rig;
  const agent = await startAgent({ authority: adaptAuthority(authority), appPort: await closedPort() });
  t.teardown(() => agent.close());
  const port = await closedPort();
  agents.push({ pod: 'orders-0', address: HOST, port, secret: SECRET });
  const gate: Gate = {
    port,
    proofAddress: GATE_PROOF_ADDRESS,
    relays: [HOST],
    secretType: GATE_SECRET_TYPE,
    exits: [{ id: ID, secret: SECRET, peerName: sessionName(session.name) }],
  };
  const applyGate = (changed: Gate | undefined) =>
    agent.apply({ node: NODE, podIp: HOST, ports: [], tunnels: [], ...(changed && { gate: changed }) });
  await applyGate(gate);
  const forged = await createTestSession(authority, 'other');
  const options = { open: outbound.open, exit: EXIT };
  const dialer = createExitDialer({ ...options, identity: createTlsIdentity(() => session.certificate) });
  const stranger = createExitDialer({ ...options, identity: createTlsIdentity(() => forged.certificate) });
  const intrude = (secret: string | undefined) =>
    createExitDialer({
      ...options,
      identity: createTlsIdentity(() => session.certificate),
      async open({ host, port: to }, signal) {
        const stream = await outbound.open({ kind: 'tcp', host: HOST, port }, signal);
        stream.write(buildHeader({ host, port: to }, secret));
        return stream;
      },
    });
  await waitFor('the gate', () =>
    dialer.prove(never).then(
      () => true,
      () => false,
    ),
  );
  return { agent, agents, dialer, stranger, intrude, gate, applyGate };
}

test('a program and a service talk both ways, and the way is proven before', async (t) =>
  talksBothWays(t, (await setScene(t)).dialer));

test('a service that closes first loses nothing of 100 MB to a slow reader', async (t) =>
  losesNothing(t, (await setScene(t)).dialer));

test('a program that ends its side first still gets 100 MB, and a service that does so still hears 100 MB', async (t) => {
  const { dialer } = await setScene(t);
  const bulk = Buffer.alloc(100_000_000, 'x');
  const asked = await startApp(t, async (socket) => {
    await buffer(socket);
    socket.end(bulk);
  });
  const down = await dialer.connect({ host: HOST, port: asked.port }, never);
  down.end('a question');
  t.is((await buffer(down)).length, bulk.length);

  const heard: Promise<Buffer>[] = [];
  const listener = await startApp(t, (socket) => {
    heard.push(buffer(socket));
    socket.end('bye');
  });
  const up = await dialer.connect({ host: HOST, port: listener.port }, never);
  const farewell = await new Promise<string>((resolve) => up.once('data', (data) => resolve(String(data))));
  t.is(farewell, 'bye');
  up.end(bulk);
  t.is((await heard[0])?.length, bulk.length);
});

test('20 MB both ways at once', async (t) => {
  const { dialer } = await setScene(t);
  const sent = randomBytes(20_000_000);
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const stream = await dialer.connect({ host: HOST, port: app.port }, never);
  const received = buffer(stream);
  stream.end(sent);
  t.true((await received).equals(sent));
});

test('datagrams leave from there, too', async (t) => {
  const { dialer, stranger, intrude } = await setScene(t);
  let heard = 0;
  const server = createSocket('udp4');
  t.teardown(() => server.close());
  server.on('message', (message, { port }) => {
    heard += 1;
    server.send(message, port, HOST);
  });
  server.bind(0, HOST);
  await once(server, 'listening');
  const to = { host: HOST, port: server.address().port };
  const received: Buffer[] = [];
  const flow = dialer.openDatagrams(to, {
    onMessage: (data) => void received.push(Buffer.from(data)),
    onClose: (failure) => t.fail(failure),
  });
  t.teardown(() => flow.close());
  const sent = [Buffer.from('hello'), randomBytes(1400), Buffer.alloc(0), randomBytes(1472), randomBytes(9000)];
  for (const [index, datagram] of sent.entries()) {
    flow.send(datagram);
    await waitFor(`datagram ${index}`, () => received.length > index);
  }
  t.deepEqual(received, sent);

  for (const other of [stranger, intrude(undefined)]) {
    const ended = Promise.withResolvers<DialFailure>();
    const refused = other.openDatagrams(to, { onMessage: () => t.fail(), onClose: ended.resolve });
    refused.send(Buffer.from('let me in'));
    t.is(await ended.promise, 'unreachable');
  }
  t.is(heard, sent.length, 'nobody else');
});

test('resets pass both ways', async (t) => {
  const { dialer } = await setScene(t);
  const sockets: Socket[] = [];
  const app = await startApp(t, (socket) => void sockets.push(socket));
  const open = async (): Promise<[Duplex, Socket]> => {
    const stream = await dialer.connect({ host: HOST, port: app.port }, never);
    stream.on('error', () => undefined).resume();
    return [stream, await waitFor('accepted', () => sockets.pop())];
  };
  const [ours, theirs] = await open();
  theirs.resetAndDestroy();
  await waitFor('our end breaks', () => ours.destroyed);
  t.false(ours.readableEnded);

  const [left, service] = await open();
  const broken = once(service, 'error');
  left.destroy();
  t.is(((await broken)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
});

async function failureOf(t: ExecutionContext, attempt: Promise<unknown>): Promise<DialFailure | undefined> {
  return (await t.throwsAsync(attempt, { instanceOf: DialError }))?.failure;
}

test('what nobody listens on is refused, and what nobody answers at times out', async (t) => {
  const { dialer } = await setScene(t);
  t.is(await failureOf(t, dialer.connect({ host: HOST, port: await closedPort() }, never)), 'refused');
  const full = await startFullServer(t);
  t.is(await failureOf(t, dialer.connect({ host: HOST, port: full }, never)), 'timeout');
});

test('the next agent takes a connection that the first does not answer', async (t) => {
  const { dialer, agents } = await setScene(t);
  const app = await startApp(t, (socket) => socket.end('hello'));
  const [good] = agents;
  agents.splice(0, 1, { pod: 'gone-1', address: HOST, port: await closedPort(), secret: SECRET });
  t.is(await failureOf(t, dialer.connect({ host: HOST, port: app.port }, never)), 'unreachable');
  if (good !== undefined) agents.push(good);
  for (let n = 0; n < 10; n++) {
    t.is(String(await buffer(await dialer.connect({ host: HOST, port: app.port }, never))), 'hello');
  }
});

test('no byte of another session gets through, and without its relay nobody connects', async (t) => {
  const { dialer, stranger, gate, applyGate } = await setScene(t);
  let bytes = 0;
  let connections = 0;
  const app = await startApp(t, (socket) => {
    connections += 1;
    socket.on('data', (data) => {
      bytes += data.length;
    });
  });
  t.is(await failureOf(t, stranger.connect({ host: HOST, port: app.port }, never)), 'unreachable');
  t.is(bytes, 0);

  await applyGate({ ...gate, relays: ['127.0.0.9'] });
  await waitFor('the gate is closed', async () => (await said(gate.port, app.port)).includes('not by this relay'));
  connections = 0;
  t.is(await failureOf(t, dialer.connect({ host: HOST, port: app.port }, never)), 'unreachable');
  t.is(connections, 0);
});

test('who writes the header himself connects to nothing, though his bytes come by a relay', async (t) => {
  const { intrude, gate, applyGate } = await setScene(t);
  let connections = 0;
  const app = await startApp(t, (socket) => {
    connections += 1;
    socket.end('hello');
  });
  const to = { host: HOST, port: app.port };
  for (const secret of [undefined, '', 'x', SECRET.slice(1), `${SECRET}s`, SECRET.toUpperCase(), SECOND.secret]) {
    t.is(await failureOf(t, intrude(secret).connect(to, never)), 'unreachable');
  }
  t.is(connections, 0);
  t.is(String(await buffer(await intrude(SECRET).connect(to, never))), 'hello', 'nothing but the secret is missing');

  await applyGate({ ...gate, exits: [...gate.exits, SECOND] });
  connections = 0;
  const failure = await waitFor('the exit of another session', async () => {
    const told = await failureOf(t, intrude(SECOND.secret).connect(to, never));
    return connections > 0 && told;
  });
  t.is(failure, 'unreachable', "the secret of another's exit is of use with his certificate alone");
});

test('a relay and an exit more leave connections as they are', async (t) => {
  const { dialer, gate, applyGate, agent } = await setScene(t);
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const stream = await dialer.connect({ host: HOST, port: app.port }, never);
  await applyGate({ ...gate, relays: [...gate.relays, '127.0.0.9'], exits: [...gate.exits, SECOND] });
  const draining = await agent.stats('listener_manager.total_filter_chains_draining');
  t.deepEqual(Object.values(draining), [0], 'none of the chains that were there has to end');
  stream.end('still here');
  t.is(String(await buffer(stream)), 'still here');
});

test('without exits there is no gate', async (t) => {
  const { gate, applyGate } = await setScene(t);
  await applyGate(undefined);
  await waitFor('nobody listens', async () => {
    const socket = connect(gate.port, HOST);
    const [error] = await Promise.race([once(socket, 'error'), once(socket, 'connect')]).catch((e) => [e]);
    socket.destroy();
    return error?.code === 'ECONNREFUSED';
  });
  t.pass();
});

/** A relay's, as far as somebody else knows how to write it. */
function buildHeader(to: { host: string; port: number }, secret: string | undefined): Buffer {
  const type = secret === undefined ? GATE_SECRET_TYPE + 1 : GATE_SECRET_TYPE;
  return buildProxyHeader({ ...to, tlv: { type, value: secret ?? SECRET } });
}

/** What the gate says in the clear to who comes with a header and something that may be TLS. */
async function said(gate: number, port: number): Promise<string> {
  const socket = connect(gate, HOST);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(buildHeader({ host: HOST, port }, SECRET));
  socket.write('GET / HTTP/1.1\r\n\r\n');
  return String(await buffer(socket).catch(() => ''));
}

/** Nothing takes connections from its queue, which is full: the next SYN gets no answer. */
async function startFullServer(t: ExecutionContext): Promise<number> {
  const script = `import socket, time
s = socket.socket(); s.bind(("${HOST}", 0)); s.listen(0); print(s.getsockname()[1], flush=True); time.sleep(600)`;
  const child = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(String(line));
  const fillers = Array.from({ length: 16 }, () => connect(port, HOST));
  for (const filler of fillers) filler.on('error', () => undefined);
  t.teardown(() => {
    for (const filler of fillers) filler.destroy();
  });
  await Promise.race(fillers.map((filler) => once(filler, 'connect')));
  return port;
}
