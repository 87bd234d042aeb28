// A reset is seen by the far end, whatever the near end is doing.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import test from 'ava';
import { resetSocket } from '../../../control-plane/src/protocol/reset-socket.ts';

const MORE_THAN_BUFFERS_HOLD = Buffer.alloc(20 << 20);

const MOMENTS: Record<string, (socket: Socket) => Promise<void> | void> = {
  'at rest': () => undefined,
  'being ended': (socket) => void socket.end(),
  'being ended with data': (socket) => void socket.end('last words'),
  'being ended with more than fits': (socket) => void socket.end(MORE_THAN_BUFFERS_HOLD),
  'writing more than fits': (socket) => void socket.write(MORE_THAN_BUFFERS_HOLD),
};
for (const [moment, prepare] of Object.entries(MOMENTS)) {
  test(`a socket ${moment}`, async (t) => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const accepted = once(server, 'connection');
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const [[peer]] = (await Promise.all([accepted, once(socket, 'connect')])) as [Socket[], unknown[]];
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    const closed = once(socket, 'close');
    await prepare(socket);
    resetSocket(socket);
    await closed;
    t.deepEqual(errors, []);
    // A peer that has read the end hears of a reset when it writes.
    const failed = new Promise((resolve) => peer?.on('error', resolve));
    peer?.resume();
    const write = () => peer?.write('x', (error) => !error && setImmediate(write));
    write();
    t.regex(String(await failed), /ECONNRESET|EPIPE/);
  });
}
