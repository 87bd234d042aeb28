// Who may use the proxy: real curl with and without the password, and what the command line makes of it.

import { execFile } from 'node:child_process';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import test from 'ava';
import type { SessionCaller } from '../../../kubectl-tp/src/caller/caller.ts';
import type { Tools } from '../../../kubectl-tp/src/command.ts';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import { parseProxyEntry } from '../../../kubectl-tp/src/held/parse-proxy-entry.ts';
import { runWithProxy } from '../../../kubectl-tp/src/held/run-with-proxy.ts';
import type { ConnectRequest, ConnectResult } from '../../../kubectl-tp/src/ipc/network-messages.ts';
import { drawCredentials } from '../../../kubectl-tp/src/proxy/credentials.ts';
import { proxyVariables } from '../../../kubectl-tp/src/proxy/proxy-variables.ts';
import { buildReport } from '../../../kubectl-tp/src/session/calls/report.ts';
import type { JoinedNetwork } from '../../../kubectl-tp/src/session/networks/joined-network.ts';
import type { LaptopTools } from '../../../kubectl-tp/src/session/networks/laptop-entry.ts';
import { openEntry } from '../../../kubectl-tp/src/session/networks/network-entry.ts';
import { createNetworkList } from '../../../kubectl-tp/src/session/networks/network-list.ts';
import { answerOf, curl, GREETING, named, say, startProxy, startWeb } from '../../helpers/proxy-rig.ts';
import { createTestDialer } from '../../helpers/test-dialer.ts';

const run = promisify(execFile);
/** What a URL can't hold as it is. */
const CREDENTIALS = { user: 'tp', password: 'p@ss:w/ö %41' };
const basic = (login: string) => `Proxy-Authorization: Basic ${Buffer.from(login).toString('base64')}\r\n`;
const RIGHT = basic(`tp:${CREDENTIALS.password}`);

/** [what, arguments of curl for a proxy, its exit code without the password] */
const WAYS: [string, (at: string) => string[], number][] = [
  ['SOCKS5', (at) => ['--proxy', `socks5h://${at}`], 97],
  ['HTTP', (at) => ['--fail', '--proxy', `http://${at}`], 22],
  ['CONNECT', (at) => ['--proxytunnel', '--proxy', `http://${at}`], 56],
];
for (const [what, told, code] of WAYS) {
  test(`${what}: only who knows the password gets anywhere`, async (t) => {
    const [proxy, port] = [await startProxy(t, { credentials: CREDENTIALS }), await startWeb(t)];
    const url = `http://web.shop:${port}/`;
    const wrong = ['tp:wrong', 'tp:', 'other:p@ss:w/ö %41', `tp:${CREDENTIALS.password}x`];
    for (const login of [[], ...wrong.map((login) => ['--proxy-user', login])]) {
      const ended = await t.throwsAsync(curl(...told(proxy.at), ...login, url), { code }, login.join(' '));
      t.notRegex(String(ended), /x-answer/);
    }
    t.deepEqual(proxy.dialer.dialed, []);
    const variables = proxyVariables({ ...proxy.address, credentials: CREDENTIALS });
    const name = what === 'SOCKS5' ? 'all_proxy' : 'http_proxy';
    const env = { PATH: process.env.PATH, [name]: variables[name] };
    const more = what === 'CONNECT' ? ['--proxytunnel'] : [];
    const { stdout } = await run('curl', ['-q', '-sS', ...more, url], { env });
    t.regex(stdout, /"method":"GET"/);
    t.notRegex(stdout, /authorization/, 'the password stays between the two');
  });
}

test('a program is asked for the password, and may tell it on the same connection', async (t) => {
  const [{ address }, port] = [await startProxy(t, { credentials: CREDENTIALS }), await startWeb(t)];
  const ask = (login: string, more = '') => `GET http://web.shop:${port}/ HTTP/1.1\r\nHost: x\r\n${login}${more}\r\n`;
  const socket = await say(t, address.port, ask(''));
  const asked = String(await answerOf(socket));
  t.regex(asked, /^HTTP\/1.1 407 Proxy Authentication Required\r\n/);
  t.regex(asked, /^proxy-authenticate: Basic realm="kubectl tp"\r$/im);
  socket.write(ask(RIGHT, 'Connection: close\r\n'));
  t.regex(await text(socket), /^HTTP\/1.1 200 /m);
  const tunnel = await text(await say(t, address.port, `CONNECT web.shop:${port} HTTP/1.1\r\n\r\n`));
  t.regex(tunnel, /^HTTP\/1.1 407 .*proxy-authenticate: Basic/s);
});

test('broken logins are refused', async (t) => {
  const { address } = await startProxy(t, { credentials: CREDENTIALS });
  const answer = async (...said: Buffer[]) => {
    const socket = await say(t, address.port, ...said);
    socket.end();
    return [...Buffer.from(await text(socket), 'latin1')];
  };
  const WITH_PASSWORD = Buffer.from([5, 2, 0, 2]);
  t.is((await answer(GREETING, named(1, 'web.shop', 1))).length, 2, 'offers no password');
  t.deepEqual(await answer(WITH_PASSWORD, Buffer.from([1, 0, 0])), [5, 2, 1, 1]);
  t.deepEqual(await answer(WITH_PASSWORD, Buffer.from([2, 0, 0])), [5, 2, 1, 1], 'another version');
  t.deepEqual(await answer(WITH_PASSWORD, Buffer.from([1, 2, 116])), [5, 2, 1, 1], 'cut');
  for (const header of [
    'Basic',
    'Basic !',
    'Basic dHA=',
    'Bearer x',
    RIGHT.slice(21).replace('Basic', 'Digest').trim(),
  ]) {
    const request = `GET http://web.shop/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nProxy-Authorization: ${header}\r\n\r\n`;
    t.regex(await text(await say(t, address.port, request)), /^HTTP\/1.1 407 /, header);
  }
});

test('who has not told the password is cut off, however much it asks', async (t) => {
  const { address } = await startProxy(t, { credentials: CREDENTIALS, maxUnfinished: 1, handshakeTimeoutMs: 600_000 });
  const stranger = await say(t, address.port, 'GET http://web.shop/ HTTP/1.1\r\nHost: x\r\n\r\n');
  await answerOf(stranger);
  const ended: string[] = [];
  const ends = (socket: Socket, who: string) => text(socket).then(() => ended.push(who));
  const first = ends(stranger, 'stranger');
  // Each makes room for the next.
  const second = ends(await say(t, address.port), 'silent');
  await say(t, address.port);
  await Promise.all([first, second]);
  t.deepEqual(ended, ['stranger', 'silent']);
});

test('a command has a password of its own, Ctrl-C on loopback none, and others need one', (t) => {
  const at = (host: string, port = 0) => ({ kind: 'proxy', host, port });
  const credentials = { user: 'tp', password: 'secret' };
  t.deepEqual(parseProxyEntry({ hasCommand: true }), { ...at('127.0.0.1'), credentials: 'drawn' });
  t.deepEqual(parseProxyEntry({ hasCommand: false }), at('127.0.0.1'));
  for (const host of ['localhost', '127.1.2.3', '::1']) {
    const address = host.includes(':') ? `[${host}]:1080` : `${host}:1080`;
    t.deepEqual(parseProxyEntry({ address, hasCommand: false }), at(host, 1080));
  }
  for (const host of ['0.0.0.0', '192.0.2.1', '::', 'laptop.example', '128.0.0.1']) {
    const address = host.includes(':') ? `[${host}]:1080` : `${host}:1080`;
    const error = t.throws(() => parseProxyEntry({ address, hasCommand: false }), {
      instanceOf: TpError,
      code: 'USAGE',
    });
    t.regex(`${error?.message} ${error?.hint}`, /everybody .* with your rights.*--proxy-password/);
    t.deepEqual(parseProxyEntry({ address, password: 'secret', hasCommand: false }), {
      ...at(host, 1080),
      credentials,
    });
    t.deepEqual(parseProxyEntry({ address, hasCommand: true }), { ...at(host, 1080), credentials: 'drawn' });
  }
  for (const password of ['', 'ö'.repeat(128)]) {
    t.throws(() => parseProxyEntry({ password, hasCommand: true }), { code: 'USAGE', message: /1 to 255 bytes/ });
  }
});

/** A proxy changes nothing on the laptop. */
const NO_LAPTOP = {} as LaptopTools;

test('each opened proxy draws another password, and takes one that programs know', async (t) => {
  const port = await startWeb(t);
  const network = { dialer: createTestDialer(), resolver: {} } as unknown as JoinedNetwork;
  const entry = { kind: 'proxy', host: '127.0.0.1', port: 0 } as const;
  const passwords = new Set<string | undefined>();
  for (let count = 0; count < 2; count += 1) {
    const drawn = await openEntry({ ...entry, credentials: 'drawn' }, network, NO_LAPTOP);
    await drawn.close();
    passwords.add(drawn.result.proxy?.credentials?.password);
    const again = await openEntry({ ...entry, ...drawn.result.proxy }, network, NO_LAPTOP);
    t.deepEqual(again.result, drawn.result);
    const url = `http://127.0.0.1:${port}/`;
    const { all_proxy = '' } = proxyVariables({ ...entry, ...again.result.proxy });
    t.regex(await curl('--proxy', all_proxy, url), /"method":"GET"/);
    await t.throwsAsync(curl('--proxy', all_proxy.replace(/\/\/.*@/, '//'), url), { code: 97 });
    await again.close();
  }
  t.is(passwords.size, 2);
  t.false(passwords.has(undefined));
});

test('a command keeps its password when the session process is replaced', async (t) => {
  const credentials = drawCredentials();
  const asked: ConnectRequest['entry'][] = [];
  const ended = new TpError('NETWORK_ENDED', 'over');
  const session = {
    hold: async (_verb: 'connect', { entry }: ConnectRequest) => {
      asked.push(entry);
      const result = { namespace: 'shop', proxy: { host: '127.0.0.1', port: 7, credentials } } as ConnectResult;
      return { result, over: Promise.resolve(asked.length === 1 ? undefined : ended), end: async () => undefined };
    },
  } as unknown as SessionCaller;
  const progress = {
    step: (line: string) => t.notRegex(line, new RegExp(credentials.password)),
    warn: () => undefined,
  };
  const tools = { env: process.env, signal: new AbortController().signal, progress, session: async () => session };
  const command = [process.execPath, '-e', 'setInterval(() => undefined, 1000)'];
  const wish = { namespace: 'shop', timeoutMs: 1000 };
  const entry = parseProxyEntry({ hasCommand: true });
  t.is(await t.throwsAsync(runWithProxy({ tools: tools as unknown as Tools, wish, command, entry })), ended);
  t.deepEqual(asked, [
    { kind: 'proxy', host: '127.0.0.1', port: 0, credentials: 'drawn' },
    { kind: 'proxy', host: '127.0.0.1', port: 7, credentials },
  ]);
});

test('status tells where a proxy is, not its password', async (t) => {
  const proxy = { host: '127.0.0.1', port: 7, credentials: drawCredentials() };
  const networks = createNetworkList();
  const network = { addresses: { ranges: [] } } as unknown as JoinedNetwork;
  networks.add({ result: { mode: 'proxy', proxy } as unknown as ConnectResult, network, sinceMs: 0 });
  const tunnels = { status: () => [] };
  const live = {
    ...{ identity: { session: 'me' }, certificate: { expiresAt: () => undefined }, table: { all: () => [] } },
    ...{ tunnels, networks, outbound: { current: { tunnels, ask: () => Promise.reject(new Error('nobody')) } } },
  };
  const session = { live: () => live, cluster: { server: new URL('https://127.0.0.1') } };
  const options = { session, volumes: { all: () => [] }, connection: {}, files: {} };
  const report = await buildReport(options as unknown as Parameters<typeof buildReport>[0]);
  t.deepEqual(report.networks[0]?.proxy, { host: '127.0.0.1', port: 7 });
  t.notRegex(JSON.stringify(report), new RegExp(proxy.credentials.password));
});
