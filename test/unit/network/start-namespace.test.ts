// A namespace whose command was never run, and one that cannot be set up. As whoever runs the tests.

import { existsSync } from 'node:fs';
import test from 'ava';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import { startNamespace } from '../../../kubectl-tp/src/network/rootless/start-namespace.ts';

test('a namespace is over when it is closed', async (t) => {
  const namespace = await startNamespace({ addresses: OWN_ADDRESSES, resolvConf: '' });
  const { pid } = namespace.descriptors;
  t.true(existsSync(`/proc/${pid}`));
  await t.throwsAsync(namespace.run(['no-such-program'], process.env), { code: 'COMMAND_NOT_STARTED' });
  await namespace.close();
  t.false(existsSync(`/proc/${pid}`));
});

test('what cannot be set up is told with the step that failed', async (t) => {
  // No interface can have a multicast address.
  const addresses = { ...OWN_ADDRESSES, ipv6: { program: 'ff02::1', gateway: 'ff02::2' } };
  const error = await t.throwsAsync(startNamespace({ addresses, resolvConf: '' }), { instanceOf: TpError });
  t.is(error?.code, 'NAMESPACE_FAILED');
  t.regex(error?.message ?? '', /adding ff02::1: E/);
});
