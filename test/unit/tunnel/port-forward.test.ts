// The laptop's port-forward against an API server that does what it should, and several things it should not.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { portForward } from '../../../kubectl-tp/src/kubernetes/port-forward.ts';
import {
  buildFrame,
  type PortForwardBehaviour,
  type ServedForward,
  startPortForwardServer,
} from '../../helpers/port-forward-server.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const TARGET = { namespace: 'kubectl-tp', pod: 'relay-0', port: 8444 };

async function open(
  t: ExecutionContext,
  behaviour: PortForwardBehaviour = {},
): Promise<{ stream: Duplex; served: ServedForward }> {
  let served: ServedForward | undefined;
  const server = await startPortForwardServer(t, {
    ...behaviour,
    onForward: (forward) => {
      served = forward;
    },
  });
  const stream = await portForward(server, TARGET, AbortSignal.timeout(5000));
  t.teardown(() => stream.destroy());
  if (served === undefined) throw new Error('no forward');
  return { stream, served };
}

async function readBytes(stream: Duplex, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) {
    parts.push(part);
    if (parts.reduce((sum, { length }) => sum + length, 0) >= bytes) break;
  }
  return Buffer.concat(parts);
}

test('it asks for the port of the pod, as the user', async (t) => {
  const { served } = await open(t);
  t.is(served.path, '/k8s/api/v1/namespaces/kubectl-tp/pods/relay-0/portforward?ports=8444 as Bearer me');
});

test('bytes go both ways, large and small, without the numbers of the port', async (t) => {
  const { stream, served } = await open(t);
  const [up, down] = [randomBytes(300_000), randomBytes(300_000)];
  stream.write(up.subarray(0, 5));
  stream.write(up.subarray(5));
  served.send(0, down.subarray(0, 1));
  served.send(0, down.subarray(1, 1000));
  served.send(0, down.subarray(1000));
  t.true((await readBytes(stream, down.length)).equals(down));
  await waitFor('all that was sent', () => served.received().equals(up));
});

test('frames cut anywhere are the same frames', async (t) => {
  const { stream, served } = await open(t);
  const down = randomBytes(500);
  const frame = buildFrame(0x82, Buffer.concat([Buffer.from([0]), down]));
  for (const byte of frame) {
    served.sendRaw(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  t.true((await readBytes(stream, down.length)).equals(down));
});

test('a reader that stalls stops the server', async (t) => {
  const { stream, served } = await open(t);
  stream.pause();
  let isStopped = false;
  for (let sent = 0; sent < 1000 && !isStopped; sent += 1) {
    served.send(0, Buffer.alloc(64 << 10));
    isStopped = served.socket.writableLength > 32 << 20;
    await new Promise(setImmediate);
  }
  t.true(isStopped);
});

test('a ping is answered with what it carried', async (t) => {
  const { served } = await open(t);
  served.sendRaw(buildFrame(0x89, Buffer.from('ping')));
  await waitFor('a pong', () => served.controls.length > 0);
  t.deepEqual(served.controls, [{ opcode: 10, payload: 'ping' }]);
});

test('a text on the error channel ends the stream with what it says', async (t) => {
  const { stream, served } = await open(t);
  served.send(1, Buffer.from('failed to connect to localhost:8444 inside namespace'));
  await t.throwsAsync(once(stream, 'end'), {
    code: 'PORT_FORWARD_FAILED',
    message: /kubectl-tp\/relay-0:8444 failed: failed to connect to localhost:8444/,
  });
});

test('an error that nobody waits for yet ends the stream, not the process', async (t) => {
  const { stream, served } = await open(t);
  served.send(1, Buffer.from('failed to connect to localhost:8444 inside namespace'));
  await waitFor('the stream is over', () => stream.destroyed);
  t.is((stream.errored as { code?: string } | null)?.code, 'PORT_FORWARD_FAILED');
});

test('a close is an end', async (t) => {
  const { stream, served } = await open(t);
  stream.resume();
  served.sendRaw(buildFrame(0x88, Buffer.from([3, 232])));
  await once(stream, 'end');
  t.pass();
});

test('a connection that breaks off without a close is an error', async (t) => {
  const { stream, served } = await open(t);
  stream.resume();
  served.socket.destroy();
  await t.throwsAsync(once(stream, 'end'), { code: 'PORT_FORWARD_FAILED', message: /broke off/ });
});

test('ending the stream sends a close', async (t) => {
  const { stream, served } = await open(t);
  stream.end('last');
  await waitFor('a close', () => served.controls.some(({ opcode }) => opcode === 8));
  t.is(served.received().toString(), 'last');
});

const breaks = test.macro({
  async exec(t: ExecutionContext, bytes: Buffer) {
    const { stream, served } = await open(t);
    served.sendRaw(bytes);
    await t.throwsAsync(once(stream, 'end'), { code: 'PORT_FORWARD_FAILED' });
  },
  title: (what) => `the stream fails on ${what}`,
});
test('a masked frame', breaks, Buffer.from([0x82, 0x81, 0, 0, 0, 0, 0]));
test('a frame of 16 exabytes', breaks, Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]));
test('a control frame that is too long', breaks, Buffer.from([0x89, 126, 1, 0]));

const refused = test.macro({
  async exec(t: ExecutionContext, behaviour: PortForwardBehaviour, code: string, message: RegExp) {
    const server = await startPortForwardServer(t, behaviour);
    await t.throwsAsync(portForward(server, TARGET, AbortSignal.timeout(5000)), { code, message });
  },
  title: (what) => `refused: ${what}`,
});
const status = (text: string) => JSON.stringify({ kind: 'Status', message: text });
test(
  'no right',
  refused,
  { refuse: { status: 403, body: status('pods "relay-0" is forbidden') } },
  'MISSING_RIGHT',
  /is forbidden/,
);
test(
  'unknown user',
  refused,
  { refuse: { status: 401, body: status('Unauthorized') } },
  'UNAUTHORIZED',
  /Unauthorized/,
);
test(
  'no such pod',
  refused,
  { refuse: { status: 404, body: status('pods "relay-0" not found') } },
  'PORT_FORWARD_FAILED',
  /not found/,
);
test(
  'a proxy in between',
  refused,
  { refuse: { status: 502, body: '<html>Bad Gateway' } },
  'PORT_FORWARD_FAILED',
  /Bad Gateway/,
);
test('something that is no WebSocket', refused, { lies: true }, 'PORT_FORWARD_FAILED', /no WebSocket of ours/);

test('refused: nobody there', async (t) => {
  const access = { server: new URL('https://127.0.0.1:1'), httpsOptions: async () => ({}) };
  await t.throwsAsync(portForward(access, TARGET, AbortSignal.timeout(5000)), { code: 'CLUSTER_UNREACHABLE' });
});
