import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { resetSocket } from '../../../control-plane/src/protocol/index.ts';
import { listen } from '../../helpers/loopback.ts';

/** Both ends of a connection; errors of the far one are what the test looks at. */
async function createPair(t: ExecutionContext): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  const far = connect({ port: await listen(t, server), host: '127.0.0.1', allowHalfOpen: true });
  const [near] = (await once(server, 'connection')) as [Socket];
  return { near, far };
}

const cases: [title: string, before: (near: Socket) => void][] = [
  ['an idle connection', () => undefined],
  ['one with much to send', (near) => near.end(Buffer.alloc(30 << 20))],
  ['one whose end is being sent', (near) => near.end()],
];

for (const [title, before] of cases) {
  test(`${title} is reset, and closed`, async (t) => {
    const { near, far } = await createPair(t);
    const closed = once(near, 'close');
    const seen = once(far.resume(), 'error');
    before(near);
    resetSocket(near);
    await closed;
    // Once its end has been seen, only a write shows that the connection is gone.
    far.once('end', () => far.write('anybody there?'));
    const [error] = await seen;
    t.true(error.code === 'ECONNRESET' || error.code === 'EPIPE', error.code);
  });
}
