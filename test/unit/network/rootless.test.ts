// Real commands in real namespaces, as root and as an ordinary user: what their sockets see is what the far side does.

import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { startApp } from '../../helpers/loopback.ts';
import { RIG_USERS, type RigUser, startHost } from '../../helpers/rootless-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const APP = fileURLToPath(new URL('../../helpers/namespace-app.ts', import.meta.url));
const GUEST = fileURLToPath(new URL('../../helpers/rootless-guest.ts', import.meta.url));
/** Any addresses: the dialer of the tests connects to this machine's loopback. */
const HOSTS = ['10.96.0.9', 'fd00:96::9'];

for (const user of RIG_USERS) {
  test.serial(`${user}: connections end as the far side ends them`, async (t) => {
    const { port } = await startApp(t, (socket) => socket.end());
    const seen = await guest(t, user, 'connect', `${port}`, ...HOSTS, '192.0.0.2', '203.0.113.1', '203.0.113.3');
    t.deepEqual(seen, {
      '10.96.0.9': 'connected',
      'fd00:96::9': 'connected',
      // The gateway itself serves names only.
      '192.0.0.2': 'ECONNREFUSED',
      '203.0.113.1': 'EHOSTUNREACH',
      '203.0.113.3': 'ENETUNREACH',
    });
    const refused = await guest(
      t,
      user,
      'connect',
      '1',
      ...HOSTS,
      '203.0.113.2',
      '2001:db8::1',
      '2001:db8::2',
      '2001:db8::3',
    );
    t.deepEqual(refused, {
      '10.96.0.9': 'ECONNREFUSED',
      'fd00:96::9': 'ECONNREFUSED',
      // IPv4 has no other word for what is not allowed.
      '203.0.113.2': 'EHOSTUNREACH',
      '2001:db8::1': 'EHOSTUNREACH',
      '2001:db8::2': 'EACCES',
      '2001:db8::3': 'ENETUNREACH',
    });
  });

  test.serial(`${user}: each direction ends on its own, and resets pass`, async (t) => {
    const heard: string[] = [];
    const afterEnd = await startApp(t, (socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('end', () => socket.end(`${text} and out`));
    });
    const first = await startApp(t, (socket) => {
      socket.on('data', (chunk) => heard.push(String(chunk)));
      socket.on('end', () => heard.push('end'));
      socket.end('mine is over');
    });
    const resetting = await startApp(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
    for (const host of HOSTS) {
      t.is(await guest(t, user, 'halfClose', `${afterEnd.port}`, host), 'over and out');
      t.is(await guest(t, user, 'farHalfClose', `${first.port}`, host), 'mine is over');
      t.is(await guest(t, user, 'reset', `${resetting.port}`, host), 'ECONNRESET');
    }
    t.deepEqual(heard, ['after your end', 'end', 'after your end', 'end']);
  });

  test.serial(`${user}: a far side that closes first loses nothing before a slow reader`, async (t) => {
    const data = randomBytes(20 << 20);
    const { port } = await startApp(t, (socket) => socket.end(data));
    const sha256 = createHash('sha256').update(data).digest('hex');
    t.deepEqual(await guest(t, user, 'slowReader', `${port}`, '10.96.0.9'), { bytes: data.length, sha256 });
  });

  test.serial(`${user}: a thousand connections at once`, async (t) => {
    const { port } = await startApp(t, (socket) => socket.pipe(socket));
    for (const host of HOSTS) t.is(await guest(t, user, 'crowd', `${port}`, host, '1000'), 1000);
  });

  test.serial(`${user}: datagrams there and back, and the refusal of a port`, async (t) => {
    const echo = createSocket('udp4');
    t.teardown(() => echo.close());
    echo.on('message', (data, from) => echo.send(data, from.port, from.address));
    await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve));
    for (const host of HOSTS) {
      for (const size of [0, 1, 9000, 65_000]) {
        t.is(await guest(t, user, 'datagram', `${echo.address().port}`, host, `${size}`), size);
      }
      t.is(await guest(t, user, 'datagram', '1', host, '1'), 'ECONNREFUSED');
    }
  });

  test.serial(`${user}: names are asked of the resolver, by UDP and by TCP`, async (t) => {
    const names = await guest(t, user, 'names');
    t.deepEqual(names, [['192.0.0.2'], ['10.96.0.9'], ['fd00:96::9'], 'ENOTFOUND']);
    const getent = [
      'sh',
      '-c',
      'getent ahostsv4 db | cut -d" " -f1 | uniq; RES_OPTIONS=use-vc getent ahostsv4 db.shop.test',
    ];
    const { stdout } = await startHost(user, { command: getent }).ended;
    t.regex(stdout, /^10\.96\.0\.9\n10\.96\.0\.9 +STREAM/);
  });

  test.serial(`${user}: the command is the user's own, and its end is passed on`, async (t) => {
    const { code, stdout } = await startHost(user, { command: ['sh', '-c', 'id -u; pwd; exit 7'] }).ended;
    t.is(stdout, `${user === 'root' ? 0 : 65_534}\n${process.cwd()}\n`);
    t.is(code, 7);
    t.is((await startHost(user, { command: ['sh', '-c', 'kill -9 $$'] }).ended).code, 128 + 9);
    const missing = await startHost(user, { command: ['no-such-program'] }).ended;
    t.regex(missing.stderr, /COMMAND_NOT_STARTED|there is no such program/);
  });

  test.serial(`${user}: a signal reaches the command`, async (t) => {
    const script = 'trap "exit 9" TERM; echo $$; while :; do sleep 0.01; done';
    const host = startHost(user, { command: ['sh', '-c', script] });
    await waitFor('the command to start', () => host.stdout() !== '');
    host.process.kill('SIGTERM');
    t.is((await host.ended).code, 9);
  });

  test.serial(`${user}: when the session process was killed, the next one takes the network up`, async (t) => {
    const { port } = await startApp(t, (socket) => socket.end());
    const commandAlone = [process.execPath, GUEST, 'connectOnAndOn', `${port}`, '10.96.0.9'];
    const cli = startHost(user, { commandAlone });
    t.teardown(() => cli.process.kill('SIGKILL'));
    const descriptors = JSON.parse(await waitFor('the descriptors', () => /^{.*}$/m.exec(cli.stdout())?.[0]));
    const connected = () => cli.stdout().split('connected').length - 1;
    for (let process = 0; process < 3; process += 1) {
      const session = startHost(user, { descriptors });
      t.teardown(() => session.process.kill('SIGKILL'));
      await waitFor('the session process', () => session.stdout() !== '');
      const before = connected();
      t.true(await waitFor(`connections through session process ${process}`, () => connected() > before + 3));
      session.process.kill('SIGKILL');
      await session.ended;
    }
  });

  test.serial(
    `${user}: programs that only wait hear that the session process was killed, from the next one`,
    async (t) => {
      const { port } = await startApp(t, () => undefined);
      const commandAlone = [process.execPath, GUEST, 'waitAmong', `${port}`, '400', ...HOSTS];
      const cli = startHost(user, { commandAlone });
      t.teardown(() => cli.process.kill('SIGKILL'));
      const descriptors = JSON.parse(await waitFor('the descriptors', () => /^{.*}$/m.exec(cli.stdout())?.[0]));
      const first = startHost(user, { descriptors });
      t.teardown(() => first.process.kill('SIGKILL'));
      await waitFor('all connections', () => cli.stdout().includes('waiting'));
      first.process.kill('SIGKILL');
      await first.ended;
      const second = startHost(user, { descriptors });
      t.teardown(() => second.process.kill('SIGKILL'));
      // The one within the namespace has nothing to do with it.
      const { stdout } = await cli.ended;
      t.deepEqual(JSON.parse(stdout.split('\n').at(-2) ?? ''), { ECONNRESET: 800, own: 'open' });
    },
  );

  test.serial(`${user}: another process dials into it, also a port that is closed to users elsewhere`, async (t) => {
    for (const host of ['127.0.0.1', '::1']) {
      const cli = startHost(user, { commandAlone: [process.execPath, APP, host, '80'] });
      t.teardown(() => cli.process.kill('SIGKILL'));
      const dialInto = JSON.parse(await waitFor('the descriptors', () => /^{.*}$/m.exec(cli.stdout())?.[0]));
      await waitFor('the program', () => cli.stdout().includes('listening 80\n'));
      const { stdout, stderr } = await startHost(user, { dialInto, ports: [80, 81, 80] }).ended;
      t.is(stdout, 'there and back\nnobody\nthere and back\n', stderr);
      cli.process.kill('SIGTERM');
      await cli.ended;
    }
  });

  test.serial(`${user}: kill -9 of the CLI, or of the process inside, leaves nothing running`, async (t) => {
    // A second process in a session of its own, as daemons are.
    const script = 'echo "$TP_TEST_NAMESPACE $$"; setsid sleep 1000 & exec sleep 1000';
    for (const whom of ['CLI', 'inside'] as const) {
      const host = startHost(user, { command: ['sh', '-c', script] });
      const inside = Number(await waitFor('the command to start', () => /^(\d+) /.exec(host.stdout())?.[1]));
      const network = networkOf(inside);
      t.teardown(() => {
        for (const pid of processesIn(network)) process.kill(pid, 'SIGKILL');
      });
      const all = await waitFor('three processes', () => processesIn(network).length >= 3 && processesIn(network));
      if (whom === 'CLI') host.process.kill('SIGKILL');
      else process.kill(inside, 'SIGKILL');
      const command = Number(/ (\d+)/.exec(host.stdout())?.[1]);
      t.true(all.includes(command));
      await waitFor(`nothing left of ${all}`, () =>
        whom === 'CLI' ? processesIn(network).length === 0 : !processesIn(network).includes(command),
      );
    }
  });
}

async function guest(t: ExecutionContext, user: RigUser, ...words: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await startHost(user, { command: [process.execPath, GUEST, ...words] }).ended;
  t.is(stderr, '');
  t.is(code, 0);
  return JSON.parse(stdout);
}

const networkOf = (pid: number | string): string => readlinkSync(`/proc/${pid}/ns/net`);

function processesIn(network: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return networkOf(pid) === network && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return false;
      }
    })
    .map(Number);
}
