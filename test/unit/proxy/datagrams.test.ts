// UDP of programs that speak SOCKS 5.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { answerOf, GREETING, say, startProxy } from '../../helpers/proxy-rig.ts';

/** Answers datagrams, and those that are a number by so many bytes; tells what came. */
async function startEcho(t: ExecutionContext) {
  const received: string[] = [];
  const echo = createSocket('udp4', (message, from) => {
    received.push(String(message));
    const answer = /^\d+$/.test(String(message)) ? Buffer.alloc(Number(message)) : `${message}!`;
    echo.send(answer, from.port, from.address);
  });
  echo.bind(0, '127.0.0.1');
  await once(echo, 'listening');
  t.teardown(() => echo.close());
  const { port } = echo.address();
  return { received, address: [0, 1, 127, 0, 0, 1, port >> 8, port & 255], port: [port >> 8, port & 255] };
}

/** Asks for a port for datagrams; `from` is where they will come from. */
async function associate(t: ExecutionContext, from = 0) {
  const { address } = await startProxy(t);
  const control = await say(t, address.port, GREETING, Buffer.from([5, 3, 0, 1, 0, 0, 0, 0, from >> 8, from & 255]));
  let told = Buffer.alloc(0);
  while (told.length < 12) told = Buffer.concat([told, await answerOf(control)]);
  t.deepEqual([...told.subarray(2, 6)], [5, 0, 0, 1]);
  return { control, port: told.readUInt16BE(10) };
}

async function openSender(t: ExecutionContext): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

const wrapped = (head: number[], data: string) => Buffer.concat([Buffer.from([0, 0, ...head]), Buffer.from(data)]);
const sent = (socket: UdpSocket, data: Buffer, port: number) =>
  new Promise((resolve) => socket.send(data, port, '127.0.0.1', resolve));

test('SOCKS5 carries datagrams, of the program that asked for it only', async (t) => {
  const echo = await startEcho(t);
  const { control, port } = await associate(t);
  const [program, stranger] = [await openSender(t), await openSender(t)];
  for (const head of [echo.address, [0, 3, 8, ...Buffer.from('web.shop'), ...echo.port]]) {
    // None of these has an answer: a fragment, a name that nobody knows, a part, a stranger.
    await sent(program, wrapped([1, ...echo.address.slice(1)], 'part'), port);
    await sent(program, wrapped([0, 3, 1, 120, 0, 1], 'nowhere'), port);
    await sent(program, Buffer.from([0, 0, 0, 1, 127]), port);
    program.send(wrapped(head, 'ping'), port, '127.0.0.1');
    const [answer] = await once(program, 'message');
    t.deepEqual(answer, wrapped(echo.address, 'ping!'));
    await sent(stranger, wrapped(echo.address, 'stranger'), port);
  }
  program.send(wrapped(echo.address, 'last'), port, '127.0.0.1');
  await once(program, 'message');
  t.deepEqual(echo.received, ['ping', 'ping', 'last']);
  control.end();
  await once(control, 'close');
});

test('the port that a program says to send from is its own, whoever comes first', async (t) => {
  const [echo, program, stranger] = [await startEcho(t), await openSender(t), await openSender(t)];
  const { port } = await associate(t, program.address().port);
  await sent(stranger, wrapped(echo.address, 'stranger'), port);
  program.send(wrapped(echo.address, 'mine'), port, '127.0.0.1');
  t.deepEqual((await once(program, 'message'))[0], wrapped(echo.address, 'mine!'));
  t.deepEqual(echo.received, ['mine']);
});

test('an answer that is too long for a datagram with its head is lost, and the next one comes', async (t) => {
  const [echo, program] = [await startEcho(t), await openSender(t)];
  const { control, port } = await associate(t);
  // The longest that UDP over IPv4 carries.
  await sent(program, wrapped(echo.address, '65507'), port);
  program.send(wrapped(echo.address, 'short'), port, '127.0.0.1');
  const answered = once(program, 'message');
  t.deepEqual((await answered)[0], wrapped(echo.address, 'short!'));
  // What the first one broke shows by now.
  program.send(wrapped(echo.address, 'more'), port, '127.0.0.1');
  const more = once(program, 'message');
  t.deepEqual((await Promise.race([more, once(control, 'end')]))[0], wrapped(echo.address, 'more!'));
});
