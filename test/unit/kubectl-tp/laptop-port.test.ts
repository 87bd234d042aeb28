// Whether somebody listens on a port of this laptop, and who minds.

import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'ava';
import {
  assertLaptopPort,
  isTargetOpen,
  lookAtLaptopPort,
} from '../../../kubectl-tp/src/session/intercepts/laptop-port.ts';
import { closedPort } from '../../helpers/loopback.ts';

for (const host of ['127.0.0.1', '::1']) {
  test(`who listens on ${host} alone is found`, async (t) => {
    const port = await closedPort();
    t.false(await isTargetOpen({ host: 'localhost', port }));
    await t.throwsAsync(assertLaptopPort(port, false), { code: 'NOBODY_LISTENS' });
    await t.notThrowsAsync(assertLaptopPort(port, true));
    const server = createServer().listen(port, host);
    t.teardown(() => server.close());
    await once(server, 'listening');
    t.true(await isTargetOpen({ host: 'localhost', port }));
    await t.throwsAsync(assertLaptopPort(port, true), { code: 'PORT_IN_USE' });
    await t.notThrowsAsync(assertLaptopPort(port, false));
  });
}

test('a process that may come later is waited for by nobody, and its port is told to be closed until then', async (t) => {
  const port = await closedPort();
  const said: string[] = [];
  const look = (hold: boolean, mayComeLater: boolean, fallback: 'Pod' | 'Fail' = 'Pod') =>
    lookAtLaptopPort(port, { hold, mayComeLater, fallback }, { progress: (text) => said.push(text) });
  await t.throwsAsync(look(false, false), { code: 'NOBODY_LISTENS' });
  await look(true, true);
  t.deepEqual(said, []);
  await look(false, true);
  await look(false, true, 'Fail');
  const begin = `Nobody listens on port ${port} of this laptop yet: until somebody does`;
  t.deepEqual(said.splice(0), [`${begin} the pod answers`, `${begin} callers get an error`]);
  const server = createServer().listen(port, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  await look(false, true);
  t.deepEqual(said, []);
  await t.throwsAsync(look(true, true), { code: 'PORT_IN_USE' }, 'a command needs it for itself');
});
