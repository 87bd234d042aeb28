// One pod that opens as many connections as it can, and that everybody else is served as before.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createWaitingRoom } from '../../../control-plane/src/protocol/index.ts';
import { createAddressLimit } from '../../../control-plane/src/relay/address-limit.ts';
import { MAX_UNKNOWN_PER_ADDRESS } from '../../../control-plane/src/relay/limits.ts';
import { MAX_UNFINISHED_AGENTS } from '../../../kubectl-tp/src/tunnel/tunnel.ts';
import { captureClientHello } from '../../helpers/client-hello.ts';
import { createTunnelRig, startApp } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const SERVER_NAME = 'web.team-a.me.session.tp';

/** Connects from another address than agents of the rig do. */
function crowd(t: ExecutionContext, port: number, size: number, greeting?: Buffer): Socket[] {
  return Array.from({ length: size }, () => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    t.teardown(() => socket.destroy());
    socket.on('error', () => undefined);
    if (greeting !== undefined) socket.write(greeting);
    return socket;
  });
}

const isGone = (socket: Socket) => socket.destroyed;

test('a pod that only connects has its own places taken, not those of others', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const sockets = crowd(t, rig.relays[0]?.ports.agent ?? 0, MAX_UNKNOWN_PER_ADDRESS + 1);
  await waitFor('one is turned away', () => sockets.some(isGone), 4000);
  t.is(sockets.filter(isGone).length, 1);
  const agent = await rig.agent();
  agent.end('hello');
  t.is(String((await once(agent, 'data'))[0]), 'hello');
});

test('of connections that only begin TLS the oldest make room, at the laptop and so at the relay', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const rig = await createTunnelRig(t, { port: app.port });
  await rig.up();
  const hello = await captureClientHello({ servername: SERVER_NAME, ALPNProtocols: ['http/1.1'] });
  const sockets = crowd(t, rig.relays[0]?.ports.agent ?? 0, MAX_UNFINISHED_AGENTS + 1, hello);
  await waitFor('one is turned out', () => sockets.some(isGone), 4000);
  t.is(sockets.filter(isGone).length, 1);
  const agent = await rig.agent();
  agent.end('hello');
  t.is(String((await once(agent, 'data'))[0]), 'hello');
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
