// The whole laptop in a cluster's network: a real helper, real interfaces, real programs, in a namespace that plays the
// laptop. Whatever ends, and however it ends, the laptop is as it was before, byte for byte.

import test, { type ExecutionContext } from 'ava';
import { describeTranslated } from '../../../kubectl-tp/src/output/describe-routes.ts';
import type { ResolvConfKind } from '../../helpers/laptop-namespace.ts';
import { type Holder, type Laptop, startLaptop } from '../../helpers/laptop-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A kind of file that is written, and not replaced, has another time afterwards. */
const TIMES = / \d{4}-\d\d-\d\d [\d:.]+ \+0000|(?<=^\d+ \d+ \d+ )\d+$/gm;

for (const kind of ['file', 'link', 'mounted'] as const satisfies ResolvConfKind[]) {
  test.serial(`programs of the laptop reach the cluster and the rest; resolv.conf is a ${kind}`, async (t) => {
    const laptop = await startLaptop(t, kind);
    const before = await laptop.snapshot();
    const holder = laptop.hold();
    const report = await holder.ready();
    t.is(report.dns, 'resolv.conf');
    t.deepEqual(report.routes, ['10.96.0.0/16', '10.244.7.7/32', 'fd00:96::/64']);
    t.deepEqual(report.leftOut, []);
    for (const name of ['db', 'db.shop', 'db.shop.svc', 'db.shop.svc.cluster.local', '10.96.3.4', '[fd00:96::9]']) {
      t.is(await fetch(laptop, name), 'hello', name);
    }
    t.is(await addressOf(laptop, 'www.outside.test'), '198.51.100.7');
    t.is(await addressOf(laptop, 'nothing.outside.test'), '');
    holder.end();
    await holder.ended;
    const plain = (text: string) => (kind === 'mounted' ? text.replaceAll(TIMES, '') : text);
    t.is(plain(await laptop.snapshot()), plain(before));
  });

  test.serial(`kill -9 of the session process; resolv.conf is a ${kind}`, async (t) => {
    const laptop = await startLaptop(t, kind);
    const before = (await laptop.snapshot()).replaceAll(TIMES, '');
    const holder = laptop.hold();
    await holder.ready();
    holder.kill();
    await isAsBefore(laptop, before);
    t.pass();
  });
}

test.serial('a signal to the helper puts the laptop in order, and the session process hears of it', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const laptop = await startLaptop(t);
    const before = await laptop.snapshot();
    const holder = laptop.hold();
    await holder.ready();
    process.kill(await laptop.helperPid(), signal);
    await says(holder, 'over');
    await isAsBefore(laptop, before.replaceAll(TIMES, ''));
    t.is(await laptop.snapshot(), before);
    holder.end();
    await holder.ended;
  }
});

test.serial(
  'kill -9 of the helper: its guard puts the laptop in order, and the session process hears of it',
  async (t) => {
    const laptop = await startLaptop(t);
    const before = await laptop.snapshot();
    const holder = laptop.hold();
    await holder.ready();
    await laptop.killHelper();
    await says(holder, 'over');
    t.is(await laptop.snapshot(), before);
    holder.end();
    await holder.ended;
  },
);

test.serial('kill -9 of the helper and of the session process: the guard puts the laptop in order', async (t) => {
  const laptop = await startLaptop(t);
  const before = await laptop.snapshot();
  const holder = laptop.hold();
  await holder.ready();
  await laptop.killHelper();
  holder.kill();
  await isAsBefore(laptop, before.replaceAll(TIMES, ''));
  t.is(await laptop.snapshot(), before);
});

test.serial(
  'kill -9 of helper and guard: the network goes on, then a new helper puts the laptop in order',
  async (t) => {
    const laptop = await startLaptop(t);
    const before = await laptop.snapshot();
    const holder = laptop.hold();
    await holder.ready();
    await laptop.killHelper({ withGuard: true });
    const { report } = await waitFor('the report', () => {
      holder.report();
      return holder.said().find((event) => JSON.stringify(event).includes('"killed"'));
    });
    t.like(report, { helper: { state: 'killed' } });
    t.is(await fetch(laptop, 'db'), 'hello');
    // While somebody answers names, a helper does not take them away.
    const early = await laptop.helper();
    t.is(early.code, 1);
    t.regex(early.stderr, /still uses interface tp0/);
    t.is(await fetch(laptop, 'db'), 'hello');

    holder.end();
    await holder.ended;
    t.regex(await laptop.run('cat', '/etc/resolv.conf'), /^# Written by kubectl tp connect/);
    t.deepEqual(await laptop.helper(), { code: 0, stderr: '' });
    t.is(await laptop.snapshot(), before);
  },
);

test.serial('kill -9 of all three, and the next connect', async (t) => {
  const laptop = await startLaptop(t);
  const before = await laptop.snapshot();
  const first = laptop.hold();
  await first.ready();
  await laptop.killHelper({ withGuard: true });
  first.kill();
  await first.ended;
  // The kernel takes interface and routes away with the process that had them.
  t.notRegex(await laptop.run('ip', 'link'), /tp0/);
  const second = laptop.hold();
  t.is((await second.ready()).interface, 'tp0');
  t.is(await fetch(laptop, 'db'), 'hello');
  t.is(await addressOf(laptop, 'www.outside.test'), '198.51.100.7');
  second.end();
  await second.ended;
  t.is(await laptop.snapshot(), before);
});

test.serial('what another program writes to resolv.conf meanwhile stays', async (t) => {
  const laptop = await startLaptop(t);
  const holder = laptop.hold();
  await holder.ready();
  await laptop.run('sh', '-c', 'echo nameserver 127.0.0.8 > /etc/new && mv /etc/new /etc/resolv.conf');
  holder.end();
  await holder.ended;
  t.is(await laptop.run('sh', '-c', 'cat /etc/resolv.conf*'), 'nameserver 127.0.0.8\n');
});

test.serial('an address that only a name leads to has its route before the answer', async (t) => {
  const laptop = await startLaptop(t);
  const holder = laptop.hold({ alsoProxy: ['vault.corp.test', '172.22.0.0/16'] });
  t.true((await holder.ready()).routes.includes('172.22.0.0/16'));
  t.regex(await laptop.run('ip', 'route', 'get', '172.20.5.5'), /dev lan0/);
  t.is(await fetch(laptop, 'far.other'), 'hello');
  t.regex(await laptop.run('ip', 'route', 'get', '172.20.5.5'), /dev tp0/);
  t.is(await addressOf(laptop, 'vault.corp.test'), '172.23.6.6');
  t.is(await fetch(laptop, 'vault.corp.test'), 'hello');
});

test.serial(
  'what the laptop needs itself stays its own, what it has a route to is there by other addresses',
  async (t) => {
    const laptop = await startLaptop(t);
    const ranges = ['10.96.0.0/16', '172.21.0.0/16', '192.168.7.0/25', '172.22.0.0/30'];
    const neverProxy = ['10.96.128.0/17'];
    const holder = laptop.hold({ ranges, neverProxy, apiHosts: ['172.22.0.1'], alsoProxy: ['172.21.128.0/17'] });
    const { routes, translated, leftOut } = await holder.ready();
    const shown = ['198.18.0.0/17', '198.19.0.0/25'];
    t.deepEqual(routes, [
      '10.96.0.0/17',
      '10.244.7.7/32',
      '172.21.128.0/17',
      '172.22.0.0/32',
      '172.22.0.2/31',
      ...shown,
    ]);
    const why = (cidr: string) => `this laptop has a route to ${cidr} by lan0`;
    t.deepEqual(translated, [
      { cluster: '172.21.0.0/16', laptop: '198.18.0.0/16', why: why('172.21.0.0/16') },
      { cluster: '192.168.7.0/25', laptop: '198.19.0.0/25', why: why('192.168.7.0/24') },
    ]);
    t.deepEqual(leftOut, ["172.22.0.1 is the API server and stays the laptop's own."]);
    for (const [address, device] of [
      ['10.96.1.1', 'tp0'],
      ['10.96.200.1', 'lan0'],
      ['172.21.1.1', 'lan0'],
      ['198.18.1.1', 'tp0'],
      ['172.21.129.1', 'tp0'],
      ['198.18.129.1', 'lan0'],
      ['172.22.0.1', 'lan0'],
      ['172.22.0.3', 'tp0'],
      ['192.168.7.1', 'lan0'],
      ['198.19.0.1', 'tp0'],
    ]) {
      t.regex(await laptop.run('ip', 'route', 'get', `${address}`), new RegExp(`dev ${device}`), address);
    }
  },
);

test.serial('names lead to what the laptop has another route to, by addresses that stand for it', async (t) => {
  const laptop = await startLaptop(t);
  await laptop.run('ip', 'route', 'add', '172.20.0.0/16', 'dev', 'lan0');
  await laptop.run('ip', 'route', 'add', 'fd00:77::/48', 'dev', 'lan0');
  const holder = laptop.hold({ ranges: ['10.96.0.0/16', '172.21.0.0/16', 'fd00:77::/64'] });
  t.deepEqual(
    (await holder.ready()).translated.map(({ cluster, laptop: shown }) => `${cluster} as ${shown}`),
    ['172.21.0.0/16 as 198.18.0.0/16', 'fd00:77::/64 as fd8c:41e7:5b00::/64'],
  );
  t.is(await addressOf(laptop, 'api.shop'), '198.18.3.3');
  t.is((await laptop.run('getent', 'ahostsv6', 'api.shop')).split(' ')[0], 'fd8c:41e7:5b00::9');
  for (const name of ['api.shop', '198.18.3.3', '[fd8c:41e7:5b00::9]']) t.is(await fetch(laptop, name), 'hello', name);
  t.regex(await laptop.run('getent', 'hosts', '198.18.3.3'), /api\.shop\.svc\.cluster\.local/);
  // Of the laptop's own network, whose resolver knows no name for it.
  await t.throwsAsync(laptop.run('getent', 'hosts', '172.21.3.3'));
  // Only a name leads there; the way is made before the answer.
  t.is(await addressOf(laptop, 'far.other'), '198.19.0.5');
  t.is(await fetch(laptop, 'far.other'), 'hello');
  t.is(await addressOf(laptop, 'db'), '10.96.0.9');
  holder.report();
  const { dialed } = await says(holder, 'dialed');
  t.deepEqual((dialed as string[]).toSorted(), ['172.20.5.5:8080', '172.21.3.3:8080', 'fd00:77::9:8080']);
});

test.serial("the laptop's resolver stays reachable in a range that the cluster also has, and is named", async (t) => {
  const laptop = await startLaptop(t);
  await serveNamesAtRouter(t, laptop, '10.96.0.53');
  const clash = '192.168.7.0/24 as 198.18.0.0/24: this laptop has a route to 192.168.7.0/24 by lan0';
  for (const [resolver, ranges, sentence] of [
    // Behind the default route: only this address would be lost.
    ['10.96.0.53', ['10.96.0.0/16'], "10.96.0.53 is the laptop's resolver and stays the laptop's own."],
    // Of the LAN: the whole range stays, and is there by another one.
    ['192.168.7.1', ['10.96.0.0/16', '192.168.7.0/24'], clash],
  ] as const) {
    await laptop.run('sh', '-c', `echo nameserver ${resolver} > /etc/resolv.conf`);
    const holder = laptop.hold({ ranges });
    const { leftOut, translated } = await holder.ready();
    t.deepEqual([...describeTranslated(translated), ...leftOut], [sentence]);
    t.regex(await laptop.run('ip', 'route', 'get', resolver), /dev lan0/);
    t.is(await addressOf(laptop, 'far.neighbour.test'), '198.51.100.9');
    t.is(await fetch(laptop, 'db'), 'hello');
    holder.end();
    await holder.ended;
  }
});

test.serial('echo requests are answered for what can be reached, by both versions of IP', async (t) => {
  const laptop = await startLaptop(t);
  // Whom the dialer of the rig cannot reach.
  await laptop.hold({ ranges: ['10.96.0.0/16', 'fd00:96::/64', '203.0.113.0/24', '2001:db8::/64'] }).ready();
  for (const [address, answer] of [
    ['10.96.3.4', 0],
    ['fd00:96::9', 129],
    // "Destination unreachable" of each.
    ['203.0.113.1', 3],
    ['2001:db8::1', 1],
  ] as const) {
    t.is(Number(await laptop.run('python3', '-c', ECHO, address)), answer, address);
  }
});

/** Sends an echo request and prints the type of what comes back. The kernel writes checksums of ICMPv6 alone. */
const ECHO = `
import socket, struct, sys
host = sys.argv[1]
v6 = ":" in host
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, 58 if v6 else 1)
s.settimeout(10)
body = struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 7, 1) + b"there and back"
words = sum(struct.unpack("!11H", body))
words = (words >> 16) + (words & 0xffff)
s.sendto(body[:2] + struct.pack("!H", 0xffff & ~words) + body[4:], (host, 0))
while True:
    data = s.recv(2000)
    kind = data[0 if v6 else 20]
    # Neighbours are asked for with ICMPv6, too.
    if kind not in (8, 128, 133, 134, 135, 136, 143):
        print(kind)
        break
`;

test.serial('the interface takes other addresses where the laptop or the cluster has the first ones', async (t) => {
  const laptop = await startLaptop(t);
  await laptop.run('ip', 'route', 'add', '192.0.0.0/24', 'dev', 'lan0');
  const holder = laptop.hold({ ranges: ['10.96.0.0/16', '198.18.0.0/15'] });
  t.is((await holder.ready()).gateway, '172.31.254.2');
  t.is(await fetch(laptop, 'db'), 'hello');
});

test.serial('a route that the kernel refuses is told, and keeps none of the others away', async (t) => {
  const laptop = await startLaptop(t);
  const holder = laptop.hold({ alsoProxy: ['172.21.0.0/16'] });
  const { routes, leftOut } = await holder.ready();
  t.false(routes.includes('172.21.0.0/16'));
  t.true(routes.includes('10.96.0.0/16'));
  t.regex(leftOut.join(), /172\.21\.0\.0\/16 stays out of reach: .*EEXIST/);
});

test.serial('a second connect is refused, and the first one goes on', async (t) => {
  const laptop = await startLaptop(t);
  const first = laptop.hold();
  await first.ready();
  const second = laptop.hold({ helperSocket: `${laptop.helperSocket}2`, isSecond: true });
  await second.ended;
  t.regex(JSON.stringify(second.said()), /LAPTOP_TAKEN/);
  t.is(await fetch(laptop, 'db'), 'hello');
  t.regex(JSON.stringify(await laptop.helper()), /Another kubectl tp connect/);
});

test.serial('nobody reaches the listener but by the interface', async (t) => {
  const laptop = await startLaptop(t);
  await laptop.hold().ready();
  const listening = await laptop.run('cat', '/proc/net/tcp6');
  const port = Number.parseInt(/^ *\d+: 0{32}:([0-9A-F]{4}) 0{32}:0000 0A/m.exec(listening)?.[1] ?? '', 16);
  t.true(port > 0);
  // Linux takes a connection of the laptop to the interface's own address for one that came in there: it is reset,
  // before or after curl takes it for connected.
  const answers = {
    '127.0.0.1': /Failed to connect/,
    '192.168.7.2': /Failed to connect/,
    '192.0.0.1': /reset by peer|Failed to connect/,
  };
  for (const [host, answer] of Object.entries(answers)) {
    const curl = laptop.run('curl', '-s', '-o', '/dev/null', '-w', '%{errormsg}', `http://${host}:${port}`);
    const error = await t.throwsAsync<Error & { stdout: string }>(curl);
    t.regex(error?.stdout ?? '', answer, host);
  }
});

/** The laptop's router answers names: on its own address, and on one that lies behind it. */
async function serveNamesAtRouter(t: ExecutionContext, laptop: Laptop, behind: string): Promise<void> {
  const helper = new URL('../../helpers/name-server.ts', import.meta.url);
  const server = `import { respondFrom, startNameServer } from '${helper}';
const respond = respondFrom([{ type: 'A', name: 'far.neighbour.test', ttl: 5, data: '198.51.100.9' }]);
for (const host of ['192.168.7.1', '${behind}'])
  await startNameServer({ teardown: () => undefined }, { respond, host, port: 53 });
console.log('ready');`;
  const node = [process.execPath, '--input-type=module', '-e', server];
  const setUp = `ip address add ${behind}/32 dev lan1 && exec "$@"`;
  const child = laptop.spawnAtRouter(['sh', '-c', setUp, 'sh', ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await waitFor('the name server', () => child.stdout?.read() !== null);
}

const fetch = (laptop: Laptop, host: string): Promise<string> =>
  laptop.run('curl', '-s', '-m', '10', '--http0.9', `http://${host}:8080/`);

/** Empty when there is none. */
async function addressOf(laptop: Laptop, name: string): Promise<string> {
  return (await laptop.run('sh', '-c', `getent ahostsv4 ${name} | head -1 | cut -d' ' -f1`)).trim();
}

const says = (holder: Holder, word: string) =>
  waitFor(`"${word}" of the session process`, () => holder.said().find((event) => word in event));

/** `before` has no times. */
async function isAsBefore(laptop: Laptop, before: string): Promise<void> {
  await waitFor('the laptop as it was before', async () => (await laptop.snapshot()).replaceAll(TIMES, '') === before);
}
