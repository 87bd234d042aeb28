// The laptop's own connections through a relay: what a program sees is what it would see in a pod.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { AGENT_EXIT_PORT, SESSIONS } from '../../../control-plane/src/api/index.ts';
import type { MayDial } from '../../../control-plane/src/relay/outbound/dial-out.ts';
import { DialError, type DialFailure } from '../../../kubectl-tp/src/outbound/dialer.ts';
import { losesNothing, talksBothWays } from '../../helpers/dialer-laws.ts';
import { closedPort, startApp } from '../../helpers/loopback.ts';
import { createOutboundRig } from '../../helpers/outbound-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const HOST = '127.0.0.1';
const never = new AbortController().signal;

test('a program and a service talk both ways', async (t) => talksBothWays(t, (await createOutboundRig(t)).outbound));

test('a service that closes first loses nothing of 100 MB to a slow reader', async (t) =>
  losesNothing(t, (await createOutboundRig(t)).outbound));

test('a program that ends its side first still gets the answer', async (t) => {
  const { outbound } = await createOutboundRig(t);
  const app = await startApp(t, async (socket) => {
    const asked = await buffer(socket);
    socket.end(`${asked.length} bytes`);
  });
  const stream = await outbound.connect({ host: HOST, port: app.port }, never);
  stream.end(Buffer.alloc(3_000_000));
  t.is(String(await buffer(stream)), '3000000 bytes');
});

test('what was asked of a tunnel that broke is asked of the next', async (t) => {
  const asked: string[] = [];
  const { outbound, cut } = await createOutboundRig(t, {
    async mayDial(_session, address) {
      asked.push(address);
      // The first to be asked never answers.
      if (asked.length === 1) await new Promise(() => undefined);
      return { allowed: true, address };
    },
  });
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const connecting = outbound.connect({ host: HOST, port: app.port }, never);
  await waitFor('a question', () => asked.length === 1);
  cut();
  const stream = await connecting;
  stream.end('hello');
  t.is(String(await buffer(stream)), 'hello');
});

test('resets pass both ways', async (t) => {
  const { outbound } = await createOutboundRig(t);
  const sockets: Socket[] = [];
  const app = await startApp(t, (socket) => void sockets.push(socket));
  const open = async (): Promise<[Duplex, Socket]> => {
    const stream = await outbound.connect({ host: HOST, port: app.port }, never);
    stream.on('error', () => undefined).resume();
    return [stream, await waitFor('accepted', () => sockets.pop())];
  };
  const [ours, theirs] = await open();
  theirs.resetAndDestroy();
  await waitFor('our end breaks', () => ours.errored !== null);

  const [left, service] = await open();
  const broken = once(service, 'error');
  left.destroy();
  t.is(((await broken)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
});

async function failureOf(t: ExecutionContext, attempt: Promise<unknown>): Promise<DialError> {
  const error = await t.throwsAsync(attempt, { instanceOf: DialError });
  return error as DialError;
}

const refused: Record<string, () => Promise<{ mayDial?: MayDial; host?: string; port: number; failure: DialFailure }>> =
  {
    'nobody listens': async () => ({ port: await closedPort(), failure: 'refused' }),
    'no way to the address': async () => ({ host: '255.255.255.255', port: 80, failure: 'unreachable' }),
    'not allowed': async () => ({
      mayDial: async () => ({ allowed: false, reason: 'You may not get services in team-b.' }),
      port: await closedPort(),
      failure: 'denied',
    }),
  };
for (const [what, prepare] of Object.entries(refused)) {
  test(`${what}: the program hears it by its own name`, async (t) => {
    const { mayDial, host = HOST, port, failure } = await prepare();
    const { outbound } = await createOutboundRig(t, mayDial && { mayDial });
    const error = await failureOf(t, outbound.connect({ host, port }, never));
    t.is(error.failure, failure);
    if (mayDial) t.is(error.message, 'You may not get services in team-b.');
  });
}

test('no stream of bytes that a laptop chooses goes where a gate may listen, however allowed the address is', async (t) => {
  const { outbound } = await createOutboundRig(t);
  for (const port of [AGENT_EXIT_PORT, AGENT_EXIT_PORT - 7]) {
    for (const kind of ['tcp', 'udp'] as const) {
      const error = await failureOf(t, outbound.open({ kind, host: HOST, port }, never));
      t.is(error.failure, 'denied', `${kind} ${port}`);
      t.regex(error.message, /for its agents/);
    }
  }
  const { failure } = await failureOf(t, outbound.connect({ host: HOST, port: AGENT_EXIT_PORT - 8 }, never));
  t.is(failure, 'refused');
});

test('the relay asks for each address with the session that wants to go there', async (t) => {
  const asked: string[] = [];
  const mayDial: MayDial = async (session, address) => {
    asked.push(`${session} ${address}`);
    return { allowed: true, address };
  };
  const { outbound } = await createOutboundRig(t, { mayDial });
  await failureOf(t, outbound.connect({ host: HOST, port: await closedPort() }, never));
  t.deepEqual(asked, [`me ${HOST}`]);
});

test('datagrams there and back', async (t) => {
  const { outbound } = await createOutboundRig(t);
  const echo = createSocket('udp4');
  echo.on('message', (data, { port, address }) => echo.send(data, port, address));
  echo.bind(0, HOST);
  await once(echo, 'listening');
  t.teardown(() => echo.close());
  const received: string[] = [];
  const flow = outbound.openDatagrams(
    { host: HOST, port: echo.address().port },
    { onMessage: (data) => void received.push(String(data)), onClose: (failure) => t.fail(failure) },
  );
  for (const word of ['one', '', 'three']) flow.send(Buffer.from(word));
  await waitFor('three answers', () => received.length === 3);
  t.deepEqual(received.toSorted(), ['', 'one', 'three']);
  flow.close();
});

test('datagrams to a port that nobody listens on are refused', async (t) => {
  const { outbound } = await createOutboundRig(t);
  const { promise, resolve } = Promise.withResolvers<DialFailure>();
  const flow = outbound.openDatagrams(
    { host: HOST, port: await closedPort() },
    { onMessage: () => t.fail(), onClose: resolve },
  );
  flow.send(Buffer.from('anybody?'));
  t.is(await promise, 'refused');
});

test('a port that nobody can have harms neither relay nor laptop', async (t) => {
  const { outbound } = await createOutboundRig(t);
  const closed = Promise.withResolvers<DialFailure>();
  outbound.openDatagrams({ host: HOST, port: 0 }, { onMessage: () => t.fail(), onClose: closed.resolve });
  t.is(await closed.promise, 'unreachable');
  await failureOf(t, outbound.connect({ host: HOST, port: 0 }, never));
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const stream = await outbound.connect({ host: HOST, port: app.port }, never);
  stream.end('still here');
  t.is(String(await buffer(stream)), 'still here');
});

test('a thousand connections at once', async (t) => {
  const { outbound } = await createOutboundRig(t, { relays: 2 });
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const talk = async (word: string) => {
    const stream = await outbound.connect({ host: HOST, port: app.port }, never);
    stream.end(word);
    return String(await buffer(stream));
  };
  const words = Array.from({ length: 1000 }, (_, index) => `word ${index}`);
  t.deepEqual(await Promise.all(words.map(talk)), words);
});

test('a relay that ends: what is open breaks, what is new goes through the other one', async (t) => {
  const { outbound, relays } = await createOutboundRig(t, { relays: 2 });
  const app = await startApp(t, (socket) => socket.pipe(socket));
  await relays[0]?.end();
  const stream = await outbound.connect({ host: HOST, port: app.port }, never);
  stream.end('still here');
  t.is(String(await buffer(stream)), 'still here');
});

test('without a tunnel a connection is given up when its program gives up', async (t) => {
  const { outbound } = await createOutboundRig(t);
  outbound.tunnels.setRelays([]);
  const giveUp = new AbortController();
  const attempt = outbound.connect({ host: HOST, port: 80 }, giveUp.signal);
  giveUp.abort(new Error('the program closed it'));
  await t.throwsAsync(attempt, { message: 'the program closed it' });
});

test('a deleted Session ends its outbound tunnel, and no other gets one', async (t) => {
  const { kubernetes, outbound, session } = await createOutboundRig(t);
  kubernetes.remove(SESSIONS, session.name);
  await waitFor('the tunnel is refused', () => {
    const [status] = outbound.tunnels.status();
    return status?.state.name === 'waiting' && /TUNNEL_SESSION_UNKNOWN/.test(status.state.error.message);
  });
  t.pass();
});
