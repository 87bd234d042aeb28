// What hostile or broken peers try on a relay and on a laptop, and that each gets nothing and harms nobody.

import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { LEASES } from '../../../control-plane/src/api/index.ts';
import { fromAnswer } from '../../../control-plane/src/kubernetes/errors.ts';
import type { KubernetesClient } from '../../../control-plane/src/kubernetes/index.ts';
import { signSessionProof, TUNNEL_PATH, TUNNEL_PROTOCOL } from '../../../control-plane/src/protocol/index.ts';
import { createSessionKeys } from '../../../control-plane/src/relay/session-keys.ts';
import { dialTcp, startApp } from '../../helpers/loopback.ts';
import {
  type AgentOptions,
  createTestAuthority,
  createTestSession,
  createTunnelRig,
  issueAgentCertificate,
  type TestSession,
  type TunnelRig,
} from '../../helpers/tunnel-rig.ts';

type Attempt = {
  path?: string;
  upgrade?: string;
  session?: string;
  proof?: string;
  port?: 'laptop' | 'proxy';
};

/** Asks relay 0 for a tunnel; resolves with the status and the code of the refusal. */
function askForTunnel(rig: TunnelRig, attempt: Attempt): Promise<{ status: number; code?: string }> {
  const { path = TUNNEL_PATH, upgrade = TUNNEL_PROTOCOL, session = 'me', proof, port = 'laptop' } = attempt;
  return new Promise((resolve, reject) => {
    const asked = request({
      port: rig.relays[0]?.ports[port],
      host: '127.0.0.1',
      path,
      headers: {
        connection: 'Upgrade',
        upgrade,
        'x-tp-session': session,
        ...(proof === undefined ? {} : { 'x-tp-proof': proof }),
      },
    });
    asked.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101 });
    });
    asked.on('response', async (response) => {
      let body = '';
      for await (const text of response) body += text;
      resolve({ status: response.statusCode ?? 0, code: JSON.parse(body).code });
    });
    asked.on('error', reject);
    asked.end();
  });
}

type ProofChange = { session?: string; relay?: string; nowMs?: number; key?: TestSession['key'] };

async function prove(rig: TunnelRig, change: ProofChange = {}): Promise<string> {
  const { session = 'me', relay = 'relay-0', nowMs = Date.now(), key = rig.session.key } = change;
  return signSessionProof(key, { session, relay, id: 'an-id', nowMs });
}

const refused = test.macro({
  async exec(t: ExecutionContext, make: (rig: TunnelRig) => Attempt | Promise<Attempt>, status: number, code: string) {
    const rig = await createTunnelRig(t);
    await rig.up();
    t.deepEqual(await askForTunnel(rig, await make(rig)), { status, code });
    t.deepEqual(rig.kubernetes.names(LEASES), ['me.relay-0']);
    t.is(rig.tunnels.status()[0]?.state.name, 'up');
  },
  title: (what) => `refused: ${what}`,
});

test('no proof', refused, () => ({}), 401, 'PROOF_MISSING');
test('no proof through the proxy', refused, () => ({ port: 'proxy' }), 401, 'PROOF_MISSING');
test('a garbled proof', refused, () => ({ proof: 'a.b.c' }), 403, 'PROOF_INVALID');
test(
  'a proof of an hour ago',
  refused,
  async (rig) => ({ proof: await prove(rig, { nowMs: Date.now() - 3_600_000 }) }),
  403,
  'PROOF_INVALID',
);
test(
  'a proof from the future',
  refused,
  async (rig) => ({ proof: await prove(rig, { nowMs: Date.now() + 3_600_000 }) }),
  403,
  'PROOF_INVALID',
);
test(
  'a proof for another relay',
  refused,
  async (rig) => ({ proof: await prove(rig, { relay: 'relay-1' }) }),
  403,
  'PROOF_INVALID',
);
test(
  'a proof by another key',
  refused,
  async (rig) => ({
    proof: await prove(rig, { key: (await createTestSession(rig.authority, 'me')).key }),
  }),
  403,
  'PROOF_INVALID',
);
test(
  'a proof of another session than the header names',
  refused,
  async (rig) => ({ proof: await prove(rig, { session: 'you' }) }),
  403,
  'PROOF_INVALID',
);
test(
  'a session that does not exist',
  refused,
  async (rig) => ({ session: 'nobody', proof: await prove(rig, { session: 'nobody' }) }),
  404,
  'TUNNEL_SESSION_UNKNOWN',
);
test(
  'a name of a session with a path in it',
  refused,
  async (rig) => ({ session: '../pods', proof: await prove(rig) }),
  426,
  'TUNNEL_REQUEST_INVALID',
);
test('another path', refused, async (rig) => ({ path: '/', proof: await prove(rig) }), 426, 'TUNNEL_REQUEST_INVALID');
test(
  'another protocol',
  refused,
  async (rig) => ({ upgrade: 'websocket', proof: await prove(rig) }),
  426,
  'TUNNEL_REQUEST_INVALID',
);

test('refused: a proof that was used before', async (t) => {
  const rig = await createTunnelRig(t);
  const proof = await prove(rig);
  t.deepEqual(await askForTunnel(rig, { proof }), { status: 101 });
  t.deepEqual(await askForTunnel(rig, { proof }), { status: 403, code: 'PROOF_REPLAYED' });
});

test('refused: a proof that was used on the other port', async (t) => {
  const rig = await createTunnelRig(t);
  const proof = await prove(rig);
  t.deepEqual(await askForTunnel(rig, { proof }), { status: 101 });
  t.deepEqual(await askForTunnel(rig, { proof, port: 'proxy' }), { status: 403, code: 'PROOF_REPLAYED' });
});

test('sessions that nobody made are seldom asked for', async (t) => {
  let asked = 0;
  const get = async () => {
    asked += 1;
    throw fromAnswer(404, '');
  };
  const client = { get } as unknown as KubernetesClient;
  const keys = createSessionKeys({
    client,
    namespace: 'kubectl-tp',
    onGone: () => t.fail(),
    onTrouble: () => t.fail(),
  });
  const found = await Promise.all(Array.from({ length: 500 }, (_, index) => keys.find(`made-up-${index}`)));
  t.true(found.every((key) => key === undefined));
  t.true(asked > 0 && asked <= 40, `${asked}`);
});

test('a plain request and garbage on the laptop port get an answer or an end', async (t) => {
  const rig = await createTunnelRig(t);
  const port = rig.relays[0]?.ports.laptop ?? 0;
  t.is((await fetch(`http://127.0.0.1:${port}/`)).status, 426);
  const socket = await dialTcp(port);
  socket.on('error', () => undefined);
  socket.write(Buffer.alloc(4096, 0xff));
  socket.resume();
  await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  t.pass();
});

/** Resolves when the relay has reset the connection. */
async function resetByRelay(t: ExecutionContext, send: (socket: Socket) => void): Promise<void> {
  const rig = await createTunnelRig(t);
  await rig.up();
  const socket = await dialTcp(rig.relays[0]?.ports.agent ?? 0);
  send(socket);
  socket.resume();
  await t.throwsAsync(once(socket, 'end'), { code: 'ECONNRESET' });
  t.is(rig.tunnels.status()[0]?.state.name, 'up');
}

test('garbage on the agent port is reset', (t) => resetByRelay(t, (socket) => socket.write('GET / HTTP/1.1\r\n\r\n')));
test('a ClientHello of a megabyte is reset', (t) =>
  resetByRelay(t, (socket) => {
    const record = Buffer.alloc(5 + 16384);
    record.set([22, 3, 1, 0x40, 0, 1, 0x0f, 0xff, 0xff]);
    socket.write(record);
  }));
test('half a ClientHello and an end is reset', (t) =>
  resetByRelay(t, (socket) => socket.end(Buffer.from([22, 3, 1, 1, 0, 1, 0]))));
test('half a ClientHello and silence is reset after 5 s', async (t) => {
  const startedAt = performance.now();
  await resetByRelay(t, (socket) => socket.write(Buffer.from([22, 3, 1, 1, 0, 1, 0])));
  t.true(performance.now() - startedAt > 4900);
});

const noConnection = test.macro({
  async exec(
    t: ExecutionContext,
    make: (rig: TunnelRig) => AgentOptions | Promise<AgentOptions>,
    outcome: string | undefined,
  ) {
    let accepted = 0;
    let bytes = 0;
    const outcomes: string[] = [];
    const app = await startApp(t, (socket) => {
      accepted += 1;
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
    });
    const rig = await createTunnelRig(t, {
      port: app.port,
      laptop: { onConnection: ({ outcome }) => outcomes.push(outcome) },
    });
    await rig.up();
    // With TLS 1.3 a client may think that it is connected before the other side has looked at its certificate.
    const failure = await t.throwsAsync<NodeJS.ErrnoException>(async () => {
      const agent = await rig.agent(await make(rig));
      if (agent.errored) throw agent.errored;
      agent.write('secret');
      agent.resume();
      await once(agent, 'end');
    });
    t.regex(failure?.code ?? '', /ECONNRESET|CERTIFICATE_REQUIRED/);
    t.deepEqual(outcomes, outcome === undefined ? [] : [outcome]);
    t.is(bytes, 0);
    t.true(accepted <= 1);
    const healthy = await rig.agent();
    healthy.destroy();
  },
  title: (what) => `no connection for an agent ${what}`,
});

test('without a certificate', noConnection, () => ({ certificate: 'none' }), 'tls-failed');
test(
  'of another namespace',
  noConnection,
  async (rig) => ({ certificate: await rig.agentCertificate('team-b', 'web-1') }),
  'not-an-agent',
);
test('that is a session', noConnection, (rig) => ({ certificate: rig.session.certificate }), 'not-an-agent');
test(
  'with a certificate of another authority',
  noConnection,
  async () => ({
    certificate: await issueAgentCertificate(await createTestAuthority(), 'team-a', 'web-1'),
  }),
  'not-an-agent',
);
test('that names no session we know', noConnection, () => ({ serverName: 'web.team-a.you.session.tp' }), undefined);
test('that names no tunnel at all', noConnection, () => ({ serverName: 'example.com' }), undefined);
test('that offers only unknown protocols', noConnection, () => ({ protocols: ['spdy/3'] }), 'unknown-protocol');
