// One pod that opens as many connections as it can, and that everybody else is served as before.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createAddressLimit } from '../../../control-plane/src/address-limit.ts';
import { createMemoryBudget, createWaitingRoom } from '../../../control-plane/src/protocol/index.ts';
import { createAgentServer } from '../../../control-plane/src/relay/accept-agents.ts';
import { MAX_UNPROVEN_LAPTOPS, MAX_UNPROVEN_PER_ADDRESS } from '../../../control-plane/src/relay/limits.ts';
import { createSessionRegistry } from '../../../control-plane/src/relay/session-registry.ts';
import { createWaitingRooms } from '../../../control-plane/src/relay/waiting-rooms.ts';
import { captureClientHello } from '../../helpers/client-hello.ts';
import { dialTcp, listen, startApp } from '../../helpers/loopback.ts';
import { createTunnelRig } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Silent connections from another address than agents of the rig have, or ones that say `greeting`. */
function crowd(t: ExecutionContext, port: number, size: number, greeting: Buffer = Buffer.alloc(0)): Socket[] {
  return Array.from({ length: size }, () => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    t.teardown(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.write(greeting);
    return socket;
  });
}

const isGone = (socket: Socket) => socket.destroyed;

test('a pod that only connects has its own places taken, not those of others', async (t) => {
  const results: string[] = [];
  const server = createAgentServer({
    sessions: createSessionRegistry({ onUp: t.fail, onDown: t.fail, memory: createMemoryBudget(1 << 20) }),
    onOpen: t.fail,
    onEnd: (result) => results.push(result),
    clientHelloTimeoutMs: 60_000,
    maxUnknownPerAddress: 3,
  });
  const port = await listen(t, server);
  const sockets = crowd(t, port, 5);
  await waitFor('two are turned away', () => sockets.filter(isGone).length === 2);
  t.deepEqual(results, ['too-many', 'too-many']);
  const other = await dialTcp(port);
  other.on('error', () => undefined).resume();
  other.write(await captureClientHello({ servername: 'web.team-a.you.session.tp' }));
  await waitFor('another is heard', () => results.length === 3);
  t.is(results[2], 'no-session');
});

test('of connections that only begin TLS with a laptop the oldest make room', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const rig = await createTunnelRig(t, { port: app.port, laptop: { maxUnfinished: 3 } });
  await rig.up();
  const hello = await captureClientHello({ servername: 'web.team-a.me.session.tp', ALPNProtocols: ['http/1.1'] });
  const sockets = crowd(t, rig.relays[0]?.ports.agent ?? 0, 5, hello);
  await waitFor('two are turned out', () => sockets.filter(isGone).length === 2);
  const agent = await rig.agent();
  agent.end('hello');
  t.is(String((await once(agent, 'data'))[0]), 'hello');
  t.is(sockets.filter(isGone).length, 3);
});

test('places are counted by source and can be had again', (t) => {
  const limit = createAddressLimit(2);
  t.deepEqual([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')], [true, true, false, true]);
  limit.giveBack('a');
  t.deepEqual([limit.take('a'), limit.take('a')], [true, false]);
});

test('a full waiting room turns out who waits longest; who has left is not among them', (t) => {
  const out: string[] = [];
  const room = createWaitingRoom<string>(2, (name) => out.push(name));
  for (const name of ['a', 'b']) room.enter(name);
  room.leave('a');
  for (const name of ['c', 'd', 'e']) room.enter(name);
  t.deepEqual(out, ['b', 'c']);
});

test('each source has a waiting room of its own, while somebody of it waits', (t) => {
  const out: string[] = [];
  const rooms = createWaitingRooms<string>(2, (name) => out.push(name));
  for (const name of ['a1', 'a2', 'a3']) rooms.enter('a', name);
  rooms.enter('b', 'b1');
  t.deepEqual(out, ['a1']);
  t.is(rooms.size, 2);
  for (const name of ['a1', 'a2', 'a3']) rooms.leave('a', name);
  t.is(rooms.size, 1);
  rooms.enter('a', 'a4');
  t.deepEqual(out, ['a1']);
});

test('who only connects to the port behind the proxy keeps out neither other addresses nor port-forwards', async (t) => {
  const rig = await createTunnelRig(t);
  await rig.up();
  const { proxy = 0, laptop = 0 } = rig.relays[0]?.ports ?? {};
  const sockets = crowd(t, proxy, MAX_UNPROVEN_PER_ADDRESS + 2);
  await waitFor('two are turned away', () => sockets.filter(isGone).length === 2);
  t.deepEqual(sockets.slice(0, 2).map(isGone), [true, true], 'the oldest');
  const forwards = crowd(t, laptop, MAX_UNPROVEN_LAPTOPS + 2);
  await waitFor('the oldest make room', () => forwards.filter(isGone).length >= 2);
  for (const port of [proxy, laptop]) t.is((await fetch(`http://127.0.0.1:${port}/`)).status, 426);
});
