// Whether somebody listens on a port of this laptop, and who minds.

import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'ava';
import { assertLaptopPort, isTargetOpen } from '../../../kubectl-tp/src/session/intercepts/laptop-port.ts';
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
