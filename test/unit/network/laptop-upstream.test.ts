// The laptop's own resolver: real DNS servers on loopback, named by a resolv.conf.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Answer, decode, encode, type Packet } from 'dns-packet';
import { createLaptopUpstream } from '../../../kubectl-tp/src/network/dns/laptop-upstream.ts';
import { parseResolvConf } from '../../../kubectl-tp/src/network/dns/resolv-conf.ts';
import { buildTestQuestion, OUTSIDE, rcodeOf, recordsOf } from '../../helpers/ask-resolver.ts';
import { respondFrom, responseTo, startNameServer } from '../../helpers/name-server.ts';

const NEVER = new AbortController().signal;
const REFUSED = 5;
const truncated = (query: Packet): Packet => ({ ...responseTo(query, {}), flags: 1 << 9 });

async function upstreamWith(t: ExecutionContext, conf: string, port: number) {
  const folder = await mkdtemp(join(tmpdir(), `tp-dns-${randomUUID()}`));
  t.teardown(() => rm(folder, { recursive: true }));
  const resolvConf = join(folder, 'resolv.conf');
  await writeFile(resolvConf, conf);
  const upstream = createLaptopUpstream({ resolvConf, port });
  const ask = async (name: string, signal = NEVER) => {
    const answer = decode(await upstream(buildTestQuestion({ name, id: 0x4242 }), signal));
    t.is(answer.id, 0x4242);
    return answer;
  };
  return { ask, write: (text: string) => writeFile(resolvConf, text) };
}

for (const host of ['127.0.0.1', '::1']) {
  test(`the server ${host} is asked over UDP`, async (t) => {
    const server = await startNameServer(t, { respond: respondFrom(OUTSIDE), host });
    const { ask } = await upstreamWith(t, `search lan\nnameserver ${host} # home\n`, server.port);
    t.deepEqual(recordsOf(await ask('example.com')), ['A "192.0.2.1"']);
    t.deepEqual(server.asked, ['A example.com']);
  });

  test(`an answer of ${host} that does not fit a datagram comes over TCP`, async (t) => {
    const answers: Answer[] = Array.from({ length: 2000 }, (_, index) => ({
      type: 'A',
      name: 'many',
      data: `10.0.${index >> 8}.${index & 255}`,
    }));
    const server = await startNameServer(t, {
      host,
      respond: (query, transport) => (transport === 'udp' ? truncated(query) : responseTo(query, { answers })),
    });
    const { ask } = await upstreamWith(t, `nameserver ${host}`, server.port);
    t.is((await ask('many')).answers?.length, 2000);
    t.deepEqual(server.asked, ['A many', 'tcp A many']);
  });
}

test('each question has a number and a port of its own', async (t) => {
  const numbers = new Set<number>();
  const server = await startNameServer(t, {
    respond: (query) => {
      numbers.add(query.id ?? 0);
      return responseTo(query, {});
    },
  });
  const { ask } = await upstreamWith(t, 'nameserver 127.0.0.1', server.port);
  for (let round = 0; round < 20; round += 1) await ask('example.com');
  t.true(numbers.size >= 18);
  t.true(new Set(server.ports).size >= 15);
});

test('what does not match the question is not taken for its answer', async (t) => {
  const server = await startNameServer(t, {
    respond: (query) => [
      Buffer.from('no DNS'),
      encode({ ...responseTo(query, { rcode: REFUSED }), id: (query.id ?? 0) ^ 1 }),
      encode(responseTo({ ...query, questions: [{ type: 'A', name: 'example.org' }] }, { rcode: REFUSED })),
      encode({ ...responseTo(query, { rcode: REFUSED }), type: 'query' }),
      encode(respondFrom(OUTSIDE)(query)),
    ],
  });
  const { ask } = await upstreamWith(t, 'nameserver 127.0.0.1', server.port);
  t.deepEqual(recordsOf(await ask('example.com')), ['A "192.0.2.1"']);
});

test('after a server where nobody listens, and one that refuses, comes the next', async (t) => {
  const good = await startNameServer(t, { respond: respondFrom(OUTSIDE), host: '127.0.0.3' });
  const respond = (query: Packet) => responseTo(query, { rcode: REFUSED });
  const refusing = await startNameServer(t, { respond, host: '127.0.0.2', port: good.port });
  const conf = 'nameserver 127.0.0.4\nnameserver 127.0.0.2\nnameserver 127.0.0.3\n';
  const { ask } = await upstreamWith(t, conf, good.port);
  t.deepEqual(recordsOf(await ask('example.com')), ['A "192.0.2.1"']);
  t.deepEqual([refusing.asked.length, good.asked.length], [1, 1]);
});

test('a server that is silent has its time, then comes the next', async (t) => {
  const good = await startNameServer(t, { respond: respondFrom(OUTSIDE), host: '127.0.0.3' });
  const silent = await startNameServer(t, { respond: () => undefined, host: '127.0.0.2', port: good.port });
  const { ask } = await upstreamWith(t, 'nameserver 127.0.0.2\nnameserver 127.0.0.3\n', good.port);
  t.deepEqual(recordsOf(await ask('example.com')), ['A "192.0.2.1"']);
  t.is(silent.asked.length, 1);
});

test('when every server refuses, that is the answer, and each was asked once', async (t) => {
  const server = await startNameServer(t, { respond: (query) => responseTo(query, { rcode: REFUSED }) });
  const { ask } = await upstreamWith(t, 'nameserver 127.0.0.1', server.port);
  t.is(rcodeOf(await ask('example.com')), REFUSED);
  t.is(server.asked.length, 1);
});

test('when nobody answers, the error names the servers and why', async (t) => {
  const gone = await startNameServer(t, { respond: () => undefined });
  gone.close();
  const { ask } = await upstreamWith(t, 'nameserver 127.0.0.1', gone.port);
  await t.throwsAsync(ask('example.com'), { message: /127\.0\.0\.1: .*ECONNREFUSED/ });
});

test('who does not wait any longer is let go with its reason', async (t) => {
  const server = await startNameServer(t, { respond: () => undefined });
  const { ask } = await upstreamWith(t, 'nameserver 127.0.0.1', server.port);
  const reason = new Error('enough');
  const gaveUp = new AbortController();
  const asking = ask('example.com', gaveUp.signal);
  await server.wasAsked;
  gaveUp.abort(reason);
  t.is(await t.throwsAsync(asking), reason);
});

test('a server that ends its TCP connection without an answer is none', async (t) => {
  const server = await startNameServer(t, {
    respond: (query, transport) => (transport === 'udp' ? truncated(query) : undefined),
  });
  const { ask } = await upstreamWith(t, 'nameserver 127.0.0.1', server.port);
  await t.throwsAsync(ask('example.com'), { message: /without an answer/ });
});

test('another network is another resolver, from the next question on', async (t) => {
  const server = await startNameServer(t, { respond: respondFrom(OUTSIDE), host: '127.0.0.3' });
  const { ask, write } = await upstreamWith(t, 'nameserver 127.0.0.2', server.port);
  await t.throwsAsync(ask('example.com'));
  await write('nameserver 127.0.0.3');
  t.deepEqual(recordsOf(await ask('example.com')), ['A "192.0.2.1"']);
});

test('the file that was there before is asked while it is there', async (t) => {
  const good = await startNameServer(t, { respond: respondFrom(OUTSIDE), host: '127.0.0.3' });
  const folder = await mkdtemp(join(tmpdir(), `tp-dns-${randomUUID()}`));
  t.teardown(() => rm(folder, { recursive: true }));
  const [resolvConf, instead] = [join(folder, 'resolv.conf'), join(folder, 'before')];
  await writeFile(resolvConf, 'nameserver 127.0.0.2');
  await writeFile(instead, 'nameserver 127.0.0.3');
  const upstream = createLaptopUpstream({ resolvConf, instead, port: good.port });
  const ask = () => upstream(buildTestQuestion({ name: 'example.com' }), NEVER);
  t.deepEqual(recordsOf(decode(await ask())), ['A "192.0.2.1"']);
  await rm(instead);
  await t.throwsAsync(ask());
});

test('what a resolv.conf says', (t) => {
  const conf = parseResolvConf(`# nameserver 192.0.2.9
domain example.com
nameserver 192.0.2.1
nameserver\tfe80::1%eth0   ; router
nameserver dns.example.com
options ndots:2 timeout:1 rotate
options attempts:3
nameserver 192.0.2.3
nameserver 192.0.2.4`);
  t.deepEqual(conf, { servers: ['192.0.2.1', 'fe80::1%eth0', '192.0.2.3'], timeoutMs: 1000, attempts: 3 });
  const standard = { servers: ['127.0.0.1'], timeoutMs: 5000, attempts: 2 };
  t.deepEqual(parseResolvConf(''), standard);
  t.deepEqual(parseResolvConf('options timeout:0 attempts:x\nnameserver'), standard);
  t.deepEqual(parseResolvConf('options timeout:99 attempts:99'), { ...standard, timeoutMs: 30_000, attempts: 5 });
});
