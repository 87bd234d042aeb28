// The reasons why there can be no network for a command, each made in namespaces of the test's own.

import { fileURLToPath } from 'node:url';
import test from 'ava';
import { RIG_USERS, type RigUser, runAs } from '../../helpers/rootless-rig.ts';

const MODULE = fileURLToPath(new URL('../../../kubectl-tp/src/network/rootless/why-not-rootless.ts', import.meta.url));
const SCRIPT = `const { whyNotRootless } = await import(${JSON.stringify(MODULE)});
console.log(JSON.stringify({ why: await whyNotRootless(JSON.parse(process.argv[1])) }));`;

type Why = { code: string; message: string; hint: string } | undefined;

/** `before` is a shell script that runs in a mount namespace of its own, as root of it. */
async function ask(user: RigUser, before = '', env: NodeJS.ProcessEnv = process.env): Promise<Why> {
  const node = [process.execPath, '--input-type=module', '-e', SCRIPT, JSON.stringify(env)];
  const command = before === '' ? node : ['unshare', '-Urm', 'sh', '-c', `${before} && exec "$@"`, 'sh', ...node];
  const { stdout, stderr } = await runAs(user, command).ended;
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout).why;
}

for (const user of RIG_USERS) {
  test(`${user}: nothing speaks against it`, async (t) => {
    t.is(await ask(user), undefined);
  });

  test(`${user}: no program unshare`, async (t) => {
    const why = await ask(user, '', { PATH: '/nowhere' });
    t.is(why?.code, 'NAMESPACE_TOOL_MISSING');
    t.regex(why?.hint ?? '', /util-linux/);
  });

  test(`${user}: no TUN device`, async (t) => {
    const why = await ask(user, 'mount -t tmpfs tmpfs /dev/net');
    t.is(why?.code, 'TUN_UNAVAILABLE');
    t.regex(why?.message ?? '', /ENOENT/);
    t.regex(why?.hint ?? '', /modprobe tun/);
  });

  test(`${user}: a setting that forbids it is named`, async (t) => {
    const why = await ask(user, 'echo 0 > /proc/sys/user/max_net_namespaces');
    t.is(why?.code, 'NAMESPACE_FORBIDDEN');
    t.regex(why?.message ?? '', /user\.max_net_namespaces is 0/);
    t.is(why?.hint, 'sudo sysctl -w user.max_net_namespaces=15000');
  });
}

test('a TUN device that is closed to the user', async (t) => {
  // Root that has lost its capabilities is held to the permissions as everybody is.
  const close = 'mount -t tmpfs tmpfs /dev/net && : > /dev/net/tun && chmod 0 /dev/net/tun';
  const why = await ask('ordinary user', `${close} && set -- setpriv --bounding-set=-all --inh-caps=-all "$@"`);
  t.is(why?.code, 'TUN_UNAVAILABLE');
  t.regex(why?.message ?? '', /may not be opened by this user/);
  t.regex(why?.hint ?? '', /chmod 0666/);
});
