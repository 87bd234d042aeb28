// Programs that ask: the resolver of Node (c-ares) over UDP and TCP, questions on one TCP connection, and code in the
// session process.

import { Resolver as CAres } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { duplexPair } from 'node:stream';
import test from 'ava';
import { type Answer, decode } from 'dns-packet';
import { frameDatagram } from '../../../control-plane/src/protocol/index.ts';
import { readFrames } from '../../../kubectl-tp/src/network/dns/dns-frames.ts';
import { lookup } from '../../../kubectl-tp/src/network/dns/lookup.ts';
import type { Resolver } from '../../../kubectl-tp/src/network/dns/resolver.ts';
import { serveDnsStream } from '../../../kubectl-tp/src/network/dns/serve-dns-stream.ts';
import { buildTestQuestion, CLUSTER, createTestResolver, serveResolver } from '../../helpers/ask-resolver.ts';
import { respondFrom } from '../../helpers/name-server.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const MANY: Answer[] = Array.from({ length: 200 }, (_, index) => ({
  type: 'A',
  name: 'many.shop.svc.cluster.local',
  ttl: 5,
  data: `10.0.0.${index}`,
}));

test('c-ares gets what it asks for', async (t) => {
  const { resolver } = createTestResolver({ cluster: respondFrom([...CLUSTER, ...MANY]) });
  const program = new CAres({ timeout: 5000, tries: 1 });
  program.setServers([`127.0.0.1:${await serveResolver(t, resolver)}`]);
  t.deepEqual(await program.resolve4('web'), ['10.96.0.1']);
  t.deepEqual(await program.resolve4('db.shop', { ttl: true }), [{ address: '10.96.0.2', ttl: 5 }]);
  t.deepEqual(await program.reverse('10.96.0.2'), ['db.shop.svc.cluster.local']);
  t.deepEqual(await program.resolveSrv('_http._tcp.db.shop'), [
    { name: 'db.shop.svc.cluster.local', port: 80, priority: 0, weight: 100, type: 'SRV' },
  ] as object[]);
  t.deepEqual(await program.resolveMx('example.com'), [
    { exchange: 'mail.example.com', priority: 10, type: 'MX' },
  ] as object[]);
  t.deepEqual(await program.resolve6('localhost'), ['::1']);
  t.is((await program.resolve4('many.shop')).length, 200, 'over TCP, since it does not fit');
  await t.throwsAsync(program.resolve6('db.shop'), { code: 'ENODATA' });
  await t.throwsAsync(program.resolve4('nobody.shop'), { code: 'ENOTFOUND' });
});

test('on one TCP connection each question is answered when its answer is ready, and all before the end', async (t) => {
  const slow = Promise.withResolvers<void>();
  const { resolver: quick } = createTestResolver();
  const resolver: Resolver = {
    answer: async (question, transport) => {
      if (decode(question).questions?.[0]?.name === 'db.shop') await slow.promise;
      return quick.answer(question, transport);
    },
  };
  const socket = connect({ port: await serveResolver(t, resolver), host: '127.0.0.1', allowHalfOpen: true });
  const bytes = ['db.shop', 'web', 'localhost'].map((name, id) => frameDatagram(buildTestQuestion({ name, id })));
  // In pieces of one byte, and the end right behind.
  for (const byte of Buffer.concat(bytes)) socket.write(Buffer.from([byte]));
  socket.end();
  const ids: (number | undefined)[] = [];
  for await (const answer of readFrames(socket)) {
    ids.push(decode(answer).id);
    if (ids.length === 2) slow.resolve();
  }
  t.deepEqual(ids.toSorted(), [0, 1, 2]);
  t.is(ids.at(-1), 0);
});

test('who sends no DNS over TCP is cut off, and so is who says nothing', async (t) => {
  const { resolver } = createTestResolver();
  for (const { sent, idleMs } of [
    { sent: frameDatagram(Buffer.from('GET /')), idleMs: 60_000 },
    { sent: frameDatagram(Buffer.alloc(0)), idleMs: 60_000 },
    { sent: Buffer.from([0]), idleMs: 10 },
  ]) {
    const [program, server] = duplexPair();
    serveDnsStream(server, resolver, { idleMs });
    program.on('error', () => undefined);
    program.write(sent);
    program.resume();
    if (!program.destroyed) await once(server, 'close');
    t.true(server.destroyed);
  }
});

test('who asks without reading is not read without end', async (t) => {
  let answered = 0;
  const resolver: Resolver = {
    async answer() {
      answered += 1;
      return Buffer.alloc(20_000);
    },
  };
  const [program, server] = duplexPair();
  serveDnsStream(server, resolver);
  const question = frameDatagram(buildTestQuestion({ name: 'web' }));
  for (let count = 0; count < 1000; count += 1) program.write(question);
  await waitFor('answers wait to be read', () => server.writableNeedDrain);
  const before = answered;
  t.true(before < 200);
  program.resume();
  await waitFor('all are answered', () => answered === 1000);
  program.destroy();
});

test('code of the session process asks without a network', async (t) => {
  const { resolver, asked } = createTestResolver({
    laptop: (query) => {
      if (query.questions?.[0]?.name === 'broken.example.com') throw new Error('no way out');
      return respondFrom([
        { type: 'A', name: 'example.com', ttl: 300, data: '192.0.2.1' },
        { type: 'AAAA', name: 'example.com', ttl: 300, data: '2001:db8::1' },
        { type: 'A', name: 'xn--mnchen-3ya.example', ttl: 300, data: '192.0.2.7' },
      ])(query);
    },
  });
  t.deepEqual(await lookup(resolver, 'web'), ['10.96.0.1']);
  t.deepEqual(await lookup(resolver, 'example.com'), ['192.0.2.1', '2001:db8::1']);
  t.deepEqual(await lookup(resolver, 'example.com.'), ['192.0.2.1', '2001:db8::1']);
  t.deepEqual(await lookup(resolver, 'example.com', 6), ['2001:db8::1']);
  t.deepEqual(await lookup(resolver, 'münchen.example'), ['192.0.2.7']);
  t.deepEqual(await lookup(resolver, 'nobody.example.com'), []);
  await t.throwsAsync(lookup(resolver, 'broken.example.com'), {
    message: 'cannot resolve broken.example.com: no way out',
  });
  const before = asked.laptop.length + asked.cluster.length;
  t.deepEqual(await lookup(resolver, '10.96.0.9'), ['10.96.0.9']);
  t.deepEqual(await lookup(resolver, 'fd00::9'), ['fd00::9']);
  for (const name of ['', '.', 'a..b', 'a b', 'x'.repeat(64), 'x.'.repeat(130)]) {
    t.deepEqual(await lookup(resolver, name), [], name);
  }
  t.is(asked.laptop.length + asked.cluster.length, before);
});
