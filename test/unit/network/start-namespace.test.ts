// A namespace whose command was never run, one that cannot be set up, and one that ends early. As whoever runs the tests.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import { startNamespace } from '../../../kubectl-tp/src/network/rootless/start-namespace.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test.serial('a namespace is over when it is closed', async (t) => {
  const namespace = await startNamespace({ addresses: OWN_ADDRESSES, resolvConf: '' });
  const { pid } = namespace.descriptors;
  t.true(existsSync(`/proc/${pid}`));
  await t.throwsAsync(namespace.run(['no-such-program'], process.env), { code: 'COMMAND_NOT_STARTED' });
  await namespace.close();
  t.false(existsSync(`/proc/${pid}`));
});

test.serial('what cannot be set up is told with the step that failed', async (t) => {
  // No interface can have a multicast address.
  const addresses = { ...OWN_ADDRESSES, ipv6: { program: 'ff02::1', gateway: 'ff02::2' } };
  const error = await t.throwsAsync(startNamespace({ addresses, resolvConf: '' }), { instanceOf: TpError });
  t.is(error?.code, 'NAMESPACE_FAILED');
  t.regex(error?.message ?? '', /adding ff02::1: E/);
});

test.serial('a program that ends before it is set up is told with its exit code', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tp-unshare-'));
  const { PATH } = process.env;
  t.teardown(() => {
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'unshare'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  process.env.PATH = `${folder}:${PATH}`;
  const error = await t.throwsAsync(startNamespace({ addresses: OWN_ADDRESSES, resolvConf: '' }));
  t.is(error?.message, "The command's own network can't be set up: unshare ended with 3.");
});

test.serial('one that was killed says so, and lays no files', async (t) => {
  const namespace = await startNamespace({ addresses: OWN_ADDRESSES, resolvConf: '' });
  const { pid } = namespace.descriptors;
  process.kill(pid, 'SIGKILL');
  await waitFor('its end', () => !existsSync(`/proc/${pid}`));
  const files = { root: '/nowhere', paths: ['/nowhere'], kept: [], programs: [] };
  const gone = { missing: ['everything: the namespace is gone'], live: [] };
  t.deepEqual(await namespace.mountFiles(files), gone);
  t.deepEqual(await namespace.mountFiles(files), gone);
  t.is(await namespace.run(['true'], process.env), 128 + 9);
  await namespace.close();
});
