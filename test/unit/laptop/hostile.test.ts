// The helper is root, and whoever speaks to it is not: nothing but its few requests, exactly as they must be, does
// anything. The real program, with a hostile process in the session process's place.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { readLines } from '../../../kubectl-tp/src/ipc/lines.ts';
import { isDomain, isRoute, parseHelperRequest } from '../../../kubectl-tp/src/network/helper/parse-request.ts';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import { type Laptop, startLaptop } from '../../helpers/laptop-rig.ts';
import { AS_ORDINARY_USER, ORDINARY_ID } from '../../helpers/processes.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const CREATE = { verb: 'create', arguments: { addresses: OWN_ADDRESSES } };
const HOSTILE: readonly unknown[] = [
  null,
  'create',
  [],
  {},
  { verb: 'shell', arguments: { command: 'id' } },
  { verb: 'create' },
  { verb: 'create', arguments: null },
  { verb: 'create', arguments: { addresses: { ...OWN_ADDRESSES, ipv4: { program: '8.8.8.8', gateway: '8.8.8.9' } } } },
  {
    verb: 'create',
    arguments: { addresses: { ...OWN_ADDRESSES, ipv4: { program: '127.0.0.1', gateway: '127.0.0.2' } } },
  },
  { verb: 'create', arguments: { addresses: { ipv4: OWN_ADDRESSES.ipv4 } } },
  ...[
    '0.0.0.0/0',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '8.0.0.0/7',
    '::/0',
    '2000::/3',
    '127.0.0.1/32',
    '127.0.0.0/8',
    '169.254.169.254',
    'fe80::1',
    '::1',
    '::ffff:127.0.0.1',
    '224.0.0.251/32',
    '255.255.255.255',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8 dev lo',
    '010.0.0.1',
    '10.1',
    'fd00::1%lo',
    '; reboot',
    '',
    7,
    null,
  ].map((cidr) => ({ verb: 'routes', arguments: { cidrs: ['10.96.0.0/16', cidr] } })),
  { verb: 'routes', arguments: { cidrs: '10.96.0.0/16' } },
  { verb: 'routes', arguments: { cidrs: Array.from({ length: 20_000 }, () => '10.96.0.1') } },
  ...[
    'a b',
    'a\nnameserver 6.6.6.6',
    '-x',
    'x-',
    '.',
    '',
    'a..b',
    `${'a'.repeat(64)}.b`,
    '$(id)',
    '~.',
    'UPPER',
    9,
  ].flatMap((name) => [
    { verb: 'dns', arguments: { search: [name], domains: [] } },
    { verb: 'dns', arguments: { search: [], domains: [name] } },
  ]),
  { verb: 'dns', arguments: { search: Array.from({ length: 40 }, () => 'a.b'), domains: [] } },
  { verb: 'dns', arguments: { search: [] } },
];

test('only what must be is taken for a request', (t) => {
  for (const request of HOSTILE) t.is(parseHelperRequest(request), undefined, JSON.stringify(request).slice(0, 200));
  for (const request of [
    CREATE,
    { verb: 'routes', arguments: { cidrs: ['10.96.0.0/16', '10.0.0.1', 'fd00:96::/64', '2001:db8::/32'] } },
    { verb: 'dns', arguments: { search: ['shop.svc.cluster.local'], domains: ['cluster.local', '_x.corp'] } },
    { verb: 'endDns', arguments: {} },
  ]) {
    t.deepEqual(parseHelperRequest({ ...request, more: 'left out' }), request);
  }
  t.true(isRoute('10.0.0.0/8'));
  t.true(isDomain('cluster.local'));
});

test.serial('the helper answers hostile requests with errors, and nothing has changed', async (t) => {
  const laptop = await startLaptop(t);
  const before = await laptop.snapshot();
  const { say, hears } = await startHelper(t, laptop);
  for (const request of HOSTILE) {
    say(JSON.stringify(request));
    t.like(await hears(), { error: { code: 'HELPER_FAILED' } }, JSON.stringify(request).slice(0, 200));
  }
  // In another order than they make sense.
  for (const verb of ['routes', 'dns', 'endDns']) {
    say(JSON.stringify({ verb, arguments: { cidrs: ['10.96.0.0/16'], search: ['a.b'], domains: ['a.b'] } }));
    t.like(await hears(), { error: { message: 'The root helper refuses a request: there is no interface yet.' } });
  }
  t.is((await laptop.snapshot()).replace(/^kubectl-tp-helper.lock\n/m, ''), before);
});

test.serial('what is no JSON ends the helper, and what it did', async (t) => {
  const laptop = await startLaptop(t);
  const before = await laptop.snapshot();
  const { say, hears } = await startHelper(t, laptop);
  say(JSON.stringify(CREATE));
  t.deepEqual(await hears(), { result: { interface: 'tp0', hasIpv6: true } });
  say(JSON.stringify(CREATE));
  t.like(await hears(), { error: { code: 'HELPER_FAILED' } });
  say('rm -rf /');
  t.is(await hears(), undefined);
  await waitFor('the helper to end', async () => (await laptop.snapshot()) === before);
});

test.serial('nobody but its user can take the interface that the helper leaves', async (t) => {
  const laptop = await startLaptop(t);
  const { say, hears } = await startHelper(t, laptop);
  say(JSON.stringify(CREATE));
  await hears();
  // The process of this test is root's, so the interface is.
  const takes = `import { takeLinuxTun } from '${new URL('../../../kubectl-tp/src/network/device/linux-tun.ts', import.meta.url)}';
try { takeLinuxTun('tp0'); console.log('taken'); } catch (error) { console.log(error.code); }`;
  const node = [process.execPath, '--input-type=module', '-e', takes];
  t.is(await laptop.run(...AS_ORDINARY_USER, ...node), 'EPERM\n');
  t.is(await laptop.run(...node), 'taken\n');
});

test.serial(
  'an interface that nobody took, of a helper that was killed with its guard, is taken away by the next one',
  async (t) => {
    const laptop = await startLaptop(t);
    const before = await laptop.snapshot();
    const { say, hears } = await startHelper(t, laptop);
    say(JSON.stringify(CREATE));
    await hears();
    await laptop.killHelper({ withGuard: true });
    t.regex(await laptop.snapshot(), /tp0/);
    t.deepEqual(await laptop.helper(), { code: 0, stderr: '' });
    t.is(await laptop.snapshot(), before);
  },
);

test.serial('a helper that one user calls for does not work for a process of another', async (t) => {
  const laptop = await startLaptop(t);
  const before = await laptop.snapshot();
  for (const name of ['SUDO_UID', 'PKEXEC_UID']) {
    const holder = laptop.hold({ isSecond: true }, { [name]: '1000' });
    const start = await waitFor('the helper to end', () => holder.said().find((event) => 'start' in event));
    t.like(start, {
      start: { code: 1, stderr: `User 1000 may not have a helper work for a process of user ${ORDINARY_ID}.\n` },
    });
    holder.kill();
    await holder.ended;
  }
  t.is(await laptop.snapshot(), before);
});

test.serial('without root there is no helper', async (t) => {
  const laptop = await startLaptop(t);
  const main = new URL('../../../kubectl-tp/src/main.ts', import.meta.url).pathname;
  const error = await t.throwsAsync(
    laptop.run(...AS_ORDINARY_USER, process.execPath, '--', main, '__helper', '/nowhere'),
  );
  t.regex(error?.message ?? '', /was not started as root/);
  t.deepEqual(await laptop.helper(['/nowhere']), { code: 1, stderr: 'connecting to /nowhere: ENOENT\n' });
});

/** In the session process's place: a socket, and the lines of the helper that was started for it. */
async function startHelper(t: ExecutionContext, laptop: Laptop) {
  const server = createServer({ allowHalfOpen: true }).listen(laptop.helperSocket);
  t.teardown(() => server.close());
  await once(server, 'listening');
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const { code } = await laptop.helper([laptop.helperSocket]);
  const [socket] = await connected;
  t.is(code, 0);
  t.teardown(() => socket.destroy());
  const lines = readLines(socket);
  const hears = async () => (await lines.next()).value as Record<string, unknown> | undefined;
  t.truthy((await hears())?.hello);
  return { say: (line: string) => void socket.write(`${line}\n`), hears };
}
