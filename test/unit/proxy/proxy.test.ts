// Programs behind the proxy: real curl, and sockets that say exactly what they mean.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import test from 'ava';
import { proxyVariables } from '../../../kubectl-tp/src/proxy/proxy-variables.ts';
import { listen, startApp } from '../../helpers/loopback.ts';
import { answerOf, BODY, curl, GREETING, named, say, startProxy, startWeb } from '../../helpers/proxy-rig.ts';

const run = promisify(execFile);

/** Reads until that has come. */
async function sees(socket: Socket, end: string): Promise<void> {
  let seen = '';
  for await (const data of socket.iterator({ destroyOnReturn: false })) {
    seen += data;
    if (seen.endsWith(end)) return;
  }
}

const errorOf = (socket: Socket): Promise<NodeJS.ErrnoException> =>
  new Promise((resolve) => socket.once('error', resolve));

/** [what, how curl is told] */
const WAYS: [string, (at: string) => string[]][] = [
  ['SOCKS5 with names', (at) => ['--socks5-hostname', at]],
  ['SOCKS5 with addresses', (at) => ['--socks5', at]],
  ['HTTP', (at) => ['--proxy', `http://${at}`]],
  ['HTTP CONNECT', (at) => ['--proxy', `http://${at}`, '--proxytunnel']],
];
for (const [what, told] of WAYS) {
  test(`curl by ${what}`, async (t) => {
    const [proxy, port] = [await startProxy(t), await startWeb(t)];
    const name = what.includes('addresses') ? '127.0.0.1' : 'web.shop';
    const at = (path: string) => [...told(proxy.at), `http://${name}:${port}${path}`];
    const { method, url, host } = JSON.parse(await curl(...at('/a/../b?c=d'), '--path-as-is'));
    t.deepEqual({ method, url, host }, { method: 'GET', url: '/a/../b?c=d', host: `${name}:${port}` });
    t.is(await curl(...at('/big')), BODY);
    const args = { input: BODY, chunked: ['-H', 'transfer-encoding: chunked'] };
    for (const more of [[], args.chunked]) {
      const child = run('curl', ['-q', '-sS', ...at('/upload'), '--data-binary', '@-', ...more]);
      child.child.stdin?.end(args.input);
      t.is(JSON.parse((await child).stdout).bytes, BODY.length);
    }
    await t.throwsAsync(curl(...at('/broken')), { code: 18 }, 'breaks off as it does without a proxy');
    t.true(proxy.dialer.dialed.every((dialed) => dialed === `127.0.0.1:${port}`));
  });

  test(`curl reaches IPv6 by ${what}`, async (t) => {
    const [proxy, port] = [await startProxy(t), await startWeb(t, '::1')];
    const host = what.includes('names') ? 'v6' : '[::1]';
    t.regex(await curl('-g', ...told(proxy.at), `http://${host}:${port}/`), /"method":"GET"/);
    t.deepEqual(proxy.dialer.dialed, [`::1:${port}`]);
  });
}

test('the variables send curl here, and leave out the laptop itself', async (t) => {
  const [proxy, port] = [await startProxy(t), await startWeb(t)];
  const variables = proxyVariables(proxy.address);
  const env = { PATH: process.env.PATH, ...variables };
  const get = async (url: string) => (await run('curl', ['-q', '-sS', url], { env })).stdout;
  t.regex(await get(`http://web.shop:${port}/`), /"via":"1.1 kubectl-tp"/);
  t.notRegex(await get(`http://localhost:${port}/`), /via/);
  t.is(variables.all_proxy, `socks5h://${proxy.at}`);
  t.deepEqual(proxyVariables({ host: '::1', port: 1 }).HTTPS_PROXY, 'http://[::1]:1');
});

test('a request passes as it was written, but for what concerns the hops', async (t) => {
  let seen: string[] = [];
  const server = createHttpServer((request, response) => {
    seen = request.rawHeaders;
    response.writeHead(299, 'Odd', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Hop', 'no', 'Connection', 'X-Hop']);
    response.end('fine');
  });
  const port = await listen(t, server);
  const { address } = await startProxy(t);
  const headers = [
    'X-Twice: 1',
    'x-twice: 2',
    'Host: other',
    'Proxy-Connection: keep-alive',
    'Connection: X-Mine, close',
  ];
  const head = [`GET http://web.shop:${port} HTTP/1.1`, ...headers, 'X-Mine: no', '', ''].join('\r\n');
  const answer = await text(await say(t, address.port, head));
  t.deepEqual(seen, [
    'Host',
    `web.shop:${port}`,
    'X-Twice',
    '1',
    'x-twice',
    '2',
    'Via',
    '1.1 kubectl-tp',
    'Connection',
    'close',
  ]);
  t.regex(answer, /^HTTP\/1.1 299 /);
  t.regex(answer, /Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
  t.notRegex(answer, /X-Hop: no/);
});

/** [what, the response as it is written, status that the program sees] */
const ODD_ANSWERS: [string, string, number][] = [
  ['a status that does not exist', 'HTTP/1.1 000 x\r\nContent-Length: 0\r\n\r\n', 502],
  ['a status of two digits', 'HTTP/1.1 99 x\r\nContent-Length: 0\r\n\r\n', 502],
  ['a control character in the reason', 'HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n', 200],
  ['a control character in a header', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n', 502],
  ['a space in the name of a header', 'HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 0\r\n\r\n', 502],
  ['a protocol that nobody asked for', 'HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', 502],
  ['another protocol', '\x16\x03\x01 not http\r\n\r\n', 502],
];
for (const [what, answer, status] of ODD_ANSWERS) {
  test(`a web server that answers with ${what} harms one request at most`, async (t) => {
    const { port } = await startApp(t, (socket) => socket.once('data', () => socket.end(answer, 'latin1')).resume());
    const { address } = await startProxy(t);
    const request = `GET http://web.shop:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const seen = await text(await say(t, address.port, request));
    t.is(seen.match(/^HTTP\/1.1 (.*)/)?.[1], `${status} ${STATUS_CODES[status]}`);
  });
}

test('two requests on one connection go to where each of them says', async (t) => {
  const [proxy, first, second] = [await startProxy(t), await startWeb(t), await startWeb(t)];
  const at = (port: number) => `http://web.shop:${port}/`;
  await curl('--proxy', `http://${proxy.at}`, at(first), at(second));
  t.deepEqual(proxy.dialer.dialed, [`127.0.0.1:${first}`, `127.0.0.1:${second}`]);
});

/** [destination, SOCKS reply, HTTP status, words] */
const REFUSALS: [string, number, number, RegExp][] = [
  ['192.0.2.1', 4, 502, /unreachable/],
  ['192.0.2.2', 6, 504, /timeout/],
  ['192.0.2.3', 2, 403, /denied/],
  ['192.0.2.4', 1, 503, /lost/],
  ['127.0.0.1', 5, 502, /ECONNREFUSED/],
  ['nobody.shop', 4, 502, /nobody knows the name nobody\.shop/],
  ['broken', 4, 502, /no resolver/],
];
for (const [host, reply, status, words] of REFUSALS) {
  test(`no connection to ${host}: reply ${reply}, status ${status}`, async (t) => {
    const { address } = await startProxy(t);
    const socks = await say(t, address.port, GREETING, named(1, host, 1));
    t.deepEqual([...(await text(socks).then((all) => Buffer.from(all)))].slice(0, 4), [5, 0, 5, reply]);
    const connected = await text(await say(t, address.port, `CONNECT ${host}:1 HTTP/1.1\r\nHost: ${host}:1\r\n\r\n`));
    t.true(connected.startsWith(`HTTP/1.1 ${status} `));
    t.regex(connected, words);
    const plain = `GET http://${host}:1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const asked = await text(await say(t, address.port, plain));
    t.true(asked.startsWith(`HTTP/1.1 ${status} `));
    t.regex(asked, words);
  });
}

test('after an address that fails comes the next', async (t) => {
  const [proxy, port] = [await startProxy(t), await startWeb(t)];
  await curl('--socks5-hostname', proxy.at, `http://second.works:${port}/`);
  t.deepEqual(proxy.dialer.dialed, [`192.0.2.5:${port}`, `127.0.0.1:${port}`]);
});

/** What opens a connection to the port, and how many bytes the proxy says before it is there. */
const OPENINGS: Record<string, (port: number) => (string | Buffer)[]> = {
  SOCKS5: (port) => [GREETING, named(1, 'web.shop', port)],
  CONNECT: (port) => [`CONNECT web.shop:${port} HTTP/1.1\r\n\r\n`],
};
for (const [what, opening] of Object.entries(OPENINGS)) {
  test(`${what}: what comes right behind the request is not lost, and half-close passes both ways`, async (t) => {
    const { port } = await startApp(t, async (socket) => {
      const all = await text(socket);
      socket.end(`got ${all}`);
    });
    const { address } = await startProxy(t);
    const socket = await say(
      t,
      address.port,
      Buffer.concat([...opening(port), 'hello '].map((part) => Buffer.from(part))),
    );
    socket.end('world');
    t.true((await text(socket)).endsWith('got hello world'));
  });

  test(`${what}: a reset of either side is one for the other`, async (t) => {
    const accepted: Socket[] = [];
    const { port } = await startApp(t, (socket) => {
      accepted.push(socket.resume());
      socket.write('ready');
    });
    const { address } = await startProxy(t);
    const open = async () => {
      const socket = await say(t, address.port, ...opening(port));
      await sees(socket, 'ready');
      return socket.resume();
    };
    const first = await open();
    accepted[0]?.resetAndDestroy();
    t.is((await errorOf(first)).code, 'ECONNRESET');
    const second = await open();
    const [, other] = accepted;
    const hit = other === undefined ? undefined : errorOf(other);
    second.resetAndDestroy();
    t.is((await hit)?.code, 'ECONNRESET');
  });
}

test('what is no SOCKS and no HTTP that a proxy understands is told so, or cut off', async (t) => {
  const { address } = await startProxy(t);
  const answer = async (...said: (string | Buffer)[]) => {
    const socket = await say(t, address.port, ...said);
    socket.end();
    return Buffer.from(await text(socket), 'latin1');
  };
  t.deepEqual([...(await answer(Buffer.from([5, 1, 2])))].slice(0, 1), [5], 'only with a password');
  t.is((await answer(Buffer.from([5, 1, 0, 4, 1, 0, 1]))).length, 2, 'another version behind the greeting');
  t.is((await answer(GREETING, named(2, 'web.shop', 1)))[3], 7, 'BIND');
  t.is((await answer(GREETING, Buffer.from([5, 1, 0, 9, 0, 0])))[3], 8, 'an address of a kind that does not exist');
  t.is((await answer(GREETING, Buffer.from([5, 1, 0, 1, 127]))).length, 2, 'cut');
  t.regex(
    String(await answer('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')),
    /^HTTP\/1.1 400 .*This is a proxy/s,
  );
  t.regex(String(await answer('GET https://x/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')), /^HTTP\/1.1 400 /);
  for (const to of ['web.shop', ':80', 'web.shop:99999', 'a b:80', 'user@web.shop:80']) {
    t.regex(String(await answer(`CONNECT ${to} HTTP/1.1\r\n\r\n`)), /^HTTP\/1.1 400 /, to);
  }
  t.regex(String(await answer('\x04\x01')), /^HTTP\/1.1 400 |^$/);
});

test('who has waited longest makes room', async (t) => {
  const { address } = await startProxy(t, { maxUnfinished: 2, handshakeTimeoutMs: 600_000 });
  const silent = await say(t, address.port);
  const greeted = await say(t, address.port, GREETING);
  await answerOf(greeted);
  const half = await say(t, address.port, 'GET ');
  t.is(await text(silent), '');
  // The two others go on.
  greeted.write(named(2, 'web.shop', 1));
  t.is((await answerOf(greeted))[1], 7);
  half.write('/ HTTP/1.1\r\nHost: x\r\n\r\n');
  t.regex(String(await answerOf(half)), /^HTTP\/1.1 400/);
});

test('who asks for nothing is cut off, and who is joined stays', async (t) => {
  const { port } = await startApp(t, (socket) => socket.pipe(socket));
  const { address } = await startProxy(t, { handshakeTimeoutMs: 2000 });
  const joined = await say(t, address.port, GREETING, named(1, 'web.shop', port));
  const idle = [await say(t, address.port), await say(t, address.port, GREETING), await say(t, address.port, 'GET ')];
  await Promise.all(idle.map(text));
  joined.end('still here');
  t.true((await text(joined)).endsWith('still here'));
});

test('the proxy ends with all its connections', async (t) => {
  const { port } = await startApp(t, (socket) => socket.pipe(socket));
  const proxy = await startProxy(t);
  const socket = await say(t, proxy.address.port, GREETING, named(1, 'web.shop', port));
  await answerOf(socket);
  const ended = once(socket, 'close');
  await proxy.close();
  socket.resume();
  socket.end();
  await ended;
  await t.throwsAsync(startProxy(t, { port }), { code: 'EADDRINUSE' });
});
