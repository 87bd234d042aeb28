// Who is asked for which name, and what programs are told.

import test from 'ava';
import { type Answer, decode, encode, type Packet, type RecordType } from 'dns-packet';
import { createResolver } from '../../../kubectl-tp/src/network/dns/resolver.ts';
import {
  buildTestQuestion,
  CLUSTER,
  createTestResolver,
  rcodeOf,
  recordsOf,
  type TestQuestion,
} from '../../helpers/ask-resolver.ts';
import { NO_SUCH_NAME, respondFrom, responseTo } from '../../helpers/name-server.ts';

const SERVER_FAILURE = 2;

/** [name, type, answers, questions to the cluster, questions to the laptop's resolver] */
const WAYS: [string, RecordType, string[], string[], string[]][] = [
  ['db.shop.svc.cluster.local', 'A', ['A "10.96.0.2"'], ['A db.shop.svc.cluster.local'], []],
  ['DB.Shop.SVC.cluster.LOCAL', 'A', ['A "10.96.0.2"'], ['A db.shop.svc.cluster.local'], []],
  ['db-0.db.shop.svc.cluster.local', 'A', ['A "10.244.1.2"'], ['A db-0.db.shop.svc.cluster.local'], []],
  ['10-244-1-2.shop.pod.cluster.local', 'A', ['A "10.244.1.2"'], ['A 10-244-1-2.shop.pod.cluster.local'], []],
  ['web', 'A', ['CNAME "web.team-a.svc.cluster.local"', 'A "10.96.0.1"'], ['A web.team-a.svc.cluster.local'], []],
  [
    'db.shop',
    'A',
    ['CNAME "db.shop.svc.cluster.local"', 'A "10.96.0.2"'],
    ['A db.shop.team-a.svc.cluster.local', 'A db.shop.svc.cluster.local'],
    [],
  ],
  [
    'queue-0.queue',
    'A',
    ['CNAME "queue-0.queue.team-a.svc.cluster.local"', 'A "10.244.1.3"'],
    ['A queue-0.queue.team-a.svc.cluster.local'],
    [],
  ],
  [
    'db-0.db.shop',
    'A',
    ['CNAME "db-0.db.shop.svc.cluster.local"', 'A "10.244.1.2"'],
    ['A db-0.db.shop.svc.cluster.local'],
    [],
  ],
  [
    'db.shop.svc',
    'A',
    ['CNAME "db.shop.svc.cluster.local"', 'A "10.96.0.2"'],
    ['A db.shop.svc.svc.cluster.local', 'A db.shop.svc.cluster.local'],
    [],
  ],
  [
    '_http._tcp.db.shop',
    'SRV',
    [
      'CNAME "_http._tcp.db.shop.svc.cluster.local"',
      'SRV {"priority":0,"weight":100,"port":80,"target":"db.shop.svc.cluster.local"}',
    ],
    ['SRV _http._tcp.db.shop.svc.cluster.local'],
    [],
  ],
  ['2.0.96.10.in-addr.arpa', 'PTR', ['PTR "db.shop.svc.cluster.local"'], ['PTR 2.0.96.10.in-addr.arpa'], []],
  ['1.2.0.192.in-addr.arpa', 'PTR', ['PTR "www.example.com"'], [], ['PTR 1.2.0.192.in-addr.arpa']],
  [
    'example.com',
    'MX',
    ['MX {"preference":10,"exchange":"mail.example.com"}'],
    ['MX example.com.team-a.svc.cluster.local', 'MX example.com.svc.cluster.local'],
    ['MX example.com'],
  ],
  ['a.b.www.example.com', 'A', [], [], ['A a.b.www.example.com']],
  ['localhost', 'A', ['A "127.0.0.1"'], [], []],
  ['app.localhost', 'AAAA', ['AAAA "::1"'], [], []],
  ['host.tp.internal', 'A', ['A "172.31.255.1"'], [], []],
  ['Host.TP.internal', 'AAAA', ['AAAA "fd00::ffff"'], [], []],
  ['host.tp.internal', 'MX', [], [], []],
];
for (const [name, type, answers, toCluster, toLaptop] of WAYS) {
  test(`${type} ${name}`, async (t) => {
    const { ask, asked } = createTestResolver();
    const answer = await ask({ name, type });
    t.deepEqual(recordsOf(answer), answers);
    t.deepEqual(asked, { cluster: toCluster, laptop: toLaptop });
    t.is(answer.questions?.[0]?.name, name);
  });
}

test('an IPv6 address of the cluster is looked up there', async (t) => {
  const { ask, asked } = createTestResolver();
  const name = `1${'.0'.repeat(27)}.0.0.d.f.ip6.arpa`;
  await ask({ name, type: 'PTR' });
  t.deepEqual(asked, { cluster: [`PTR ${name}`], laptop: [] });
});

test("a name that only has an IPv4 address has an empty answer for IPv6, not 'no such name'", async (t) => {
  const { ask } = createTestResolver();
  const answer = await ask({ name: 'db.shop.svc.cluster.local', type: 'AAAA' });
  t.is(rcodeOf(answer), 0);
  t.deepEqual(answer.answers, []);
  const short = await ask({ name: 'db.shop', type: 'AAAA' });
  t.is(rcodeOf(short), 0);
  t.deepEqual(short.answers, []);
});

test('a search path is walked to the end of a name of the outside, and the second time costs nothing', async (t) => {
  const { ask, asked } = createTestResolver();
  const walk = async () => {
    for (const suffix of ['.team-a.svc.cluster.local', '.svc.cluster.local', '.cluster.local']) {
      for (const type of ['A', 'AAAA'] as const) {
        t.is(rcodeOf(await ask({ name: `www.example.com${suffix}`, type })), NO_SUCH_NAME);
      }
    }
    t.deepEqual(recordsOf(await ask({ name: 'www.example.com' })), ['A "192.0.2.2"']);
  };
  await walk();
  // The first name has too many labels for one of the cluster; a missing name is missing for every type.
  t.deepEqual(asked, {
    cluster: ['A www.example.com.svc.cluster.local', 'A www.example.com.cluster.local'],
    laptop: ['A www.example.com'],
  });
  await walk();
  t.is(asked.cluster.length + asked.laptop.length, 3);
});

test('answers live for 5 s at most, their TTLs are counted down, and equal ones are asked again after that', async (t) => {
  let nowMs = 0;
  const { ask, asked } = createTestResolver({ now: () => nowMs });
  const ttl = async () => {
    const { answers = [] } = await ask({ name: 'web.team-a.svc.cluster.local' });
    return answers.map((answer) => 'ttl' in answer && answer.ttl);
  };
  t.deepEqual(await ttl(), [30]);
  nowMs = 3999;
  t.deepEqual(await ttl(), [27]);
  nowMs = 4999;
  t.deepEqual(await ttl(), [26]);
  t.is(asked.cluster.length, 1);
  nowMs = 5000;
  t.deepEqual(await ttl(), [30]);
  t.is(asked.cluster.length, 2);
});

for (const { what, ttl, minimum, lifeMs } of [
  { what: 'a short TTL', ttl: 2, minimum: 0, lifeMs: 2000 },
  { what: 'a missing name', ttl: undefined, minimum: 30, lifeMs: 2000 },
  { what: 'a missing name of a zone that wants to be asked at once', ttl: undefined, minimum: 0, lifeMs: 1000 },
]) {
  test(`${what} is kept for ${lifeMs / 1000} s`, async (t) => {
    let nowMs = 0;
    const authority: Answer = { type: 'SOA', name: 'local', ttl: 60, data: { mname: 'a', rname: 'b', minimum } };
    const { ask, asked } = createTestResolver({
      now: () => nowMs,
      cluster: (query) =>
        ttl === undefined
          ? { ...responseTo(query, { rcode: NO_SUCH_NAME }), authorities: [authority] }
          : responseTo(query, { answers: [{ type: 'A', name: 'x.y.svc.cluster.local', ttl, data: '10.0.0.1' }] }),
    });
    await ask({ name: 'x.y.svc.cluster.local' });
    nowMs = lifeMs - 1;
    await ask({ name: 'x.y.svc.cluster.local' });
    t.is(asked.cluster.length, 1);
    nowMs = lifeMs;
    await ask({ name: 'x.y.svc.cluster.local' });
    t.is(asked.cluster.length, 2);
  });
}

test('equal questions at a time are asked once; each asker has its number, its spelling and its EDNS', async (t) => {
  const { ask, asked } = createTestResolver();
  const questions: TestQuestion[] = [
    { name: 'web.team-a.svc.cluster.local', id: 1 },
    { name: 'WEB.team-a.SVC.cluster.local', id: 2, udpBytes: 4096 },
    { name: 'wEb.TeAm-A.svc.cluster.local', id: 3 },
  ];
  const answers = await Promise.all(questions.map(ask));
  t.is(asked.cluster.length, 1);
  t.deepEqual(
    answers.map(({ id, questions: [question] = [], additionals = [] }) => [id, question?.name, additionals.length]),
    questions.map(({ id, name, udpBytes }) => [id, name, udpBytes === undefined ? 0 : 1]),
  );
  t.deepEqual(answers.map(recordsOf), Array(3).fill(['A "10.96.0.1"']));
});

test('who wants signatures asks for itself', async (t) => {
  const { ask, asked } = createTestResolver({
    cluster: (query) => {
      const wanted = query.additionals?.some((record) => record.type === 'OPT' && record.flag_do);
      const text: Answer = { type: 'TXT', name: 'x.cluster.local', ttl: 5, data: wanted ? 'signed' : 'plain' };
      return { ...responseTo(query, { answers: [text] }), additionals: query.additionals ?? [] };
    },
  });
  const question = { name: 'x.cluster.local', type: 'TXT', udpBytes: 1232 } as const;
  const texts = await Promise.all([ask(question), ask({ ...question, wantsDnssec: true })]);
  t.deepEqual(
    texts.map(({ answers: [answer] = [] }) => answer && 'data' in answer && String(answer.data)),
    ['plain', 'signed'],
  );
  // The OPT record is ours each time, not the other resolver's.
  for (const { additionals } of texts) t.is(additionals?.length, 1);
  t.is(asked.cluster.length, 2);
});

const MANY: Answer[] = Array.from({ length: 40 }, (_, index) => ({
  type: 'A',
  name: 'many.shop.svc.cluster.local',
  ttl: 5,
  data: `10.0.0.${index}`,
}));
for (const { what, question, maxBytes, isCut } of [
  { what: 'UDP without EDNS', question: {}, maxBytes: 512, isCut: true },
  { what: 'UDP that allows less than anybody may', question: { udpBytes: 10 }, maxBytes: 512, isCut: true },
  { what: 'UDP with EDNS', question: { udpBytes: 1232 }, maxBytes: 1232, isCut: true },
  { what: 'UDP with room', question: { udpBytes: 4096 }, maxBytes: 4096, isCut: false },
  { what: 'TCP', question: { transport: 'tcp' }, maxBytes: 65535, isCut: false },
] as const) {
  test(`a long answer over ${what}`, async (t) => {
    const { resolver } = createTestResolver({ cluster: respondFrom(MANY) });
    const asked: TestQuestion = { name: 'many.shop.svc.cluster.local', ...question };
    const bytes = await resolver.answer(buildTestQuestion(asked), asked.transport ?? 'udp');
    t.true(bytes.length <= maxBytes);
    const { flag_tc, answers = [] } = decode(bytes);
    t.is(flag_tc, isCut);
    t.is(answers.length === MANY.length, !isCut);
    // As many as fit, that is at least all but one record of 43 bytes and the OPT record.
    if (isCut) t.true(bytes.length > maxBytes - 60);
  });
}

test('additional records are left out without a word when they do not fit', async (t) => {
  const { ask } = createTestResolver({
    cluster: (query) => ({ ...responseTo(query, { answers: MANY.slice(0, 5) }), additionals: MANY }),
  });
  const { flag_tc, answers = [], additionals = [] } = await ask({ name: 'many.shop.svc.cluster.local' });
  t.deepEqual([flag_tc, answers.length], [false, 5]);
  t.true(additionals.length > 0 && additionals.length < MANY.length);
});

test('what nobody here knows passes byte for byte; only number, spelling and TTL change', async (t) => {
  // HTTPS (65), its owner a pointer to a name with a dot, a zero and letters beyond ASCII in one label.
  const name = (text: string) => Buffer.from(`\x05a.\0\xc9\xe9\x07${text}\x03com\0\0\x41\0\x01`, 'latin1');
  const question = Buffer.concat([Buffer.from('000901000001000000000000', 'hex'), name('EXAMPLE')]);
  const record = Buffer.from('c00c0041000100000009000500010fff07', 'hex');
  const header = Buffer.from('000085000001000100000000', 'hex');
  let nowMs = 0;
  let asked: Buffer = Buffer.alloc(0);
  const laptop = async (message: Buffer) => {
    asked = message;
    message.copy(header, 0, 0, 2);
    return Buffer.concat([header, message.subarray(12), record]);
  };
  const names = { clusterDomain: 'cluster.local', namespace: 'team-a', isClusterAddress: () => false };
  const resolver = createResolver({ ...names, ownNames: new Map(), cluster: laptop, laptop, now: () => nowMs });
  const expected = Buffer.concat([Buffer.from('000985800001000100000000', 'hex'), name('EXAMPLE'), record]);
  t.deepEqual(await resolver.answer(question, 'udp'), expected);
  t.deepEqual(asked.subarray(12), name('example'));
  nowMs = 3000;
  expected.writeUInt32BE(6, expected.length - 11);
  t.deepEqual(await resolver.answer(question, 'udp'), expected);
});

test('a broken question is told so, or nothing at all', async (t) => {
  const { resolver } = createTestResolver();
  const good = buildTestQuestion({ name: 'web.team-a.svc.cluster.local', id: 0x1234 });
  const changed = (at: number, ...bytes: number[]) => {
    const copy = Buffer.from(good);
    copy.set(bytes, at);
    return copy;
  };
  const rcode = async (message: Buffer) => {
    const answer = await resolver.answer(message, 'udp');
    return answer.length === 0 ? 'nothing' : [answer.readUInt16BE(0).toString(16), rcodeOf(decode(answer))].join();
  };
  t.is(await rcode(good), '1234,0');
  t.is(await rcode(good.subarray(0, 11)), 'nothing');
  t.is(await rcode(Buffer.alloc(0)), 'nothing');
  t.is(await rcode(changed(2, 0x81)), 'nothing', 'an answer');
  t.is(await rcode(good.subarray(0, -1)), '1234,1', 'cut');
  t.is(await rcode(changed(5, 2)), '1234,1', 'two questions announced');
  t.is(await rcode(changed(5, 0)), '1234,1', 'no question');
  t.is(await rcode(changed(12, 0xc0, 0x0c)), '1234,1', 'a name that points to itself');
  t.is(await rcode(changed(12, 0x7f)), '1234,1', 'a label of a kind that does not exist');
  t.is(await rcode(changed(11, 1)), '1234,1', 'a record announced');
  const option = buildTestQuestion({ name: 'x', udpBytes: 512 }).subarray(-11);
  t.is(await rcode(Buffer.concat([changed(11, 2), option, option])), '1234,1', 'EDNS twice');
  t.is(await rcode(changed(2, 0x21)), '1234,4', 'opcode NOTIFY');
  t.is(await rcode(buildTestQuestion({ name: 'cluster.local', type: 'AXFR', id: 0x1234 })), '1234,5');
  t.is(await rcode(changed(good.length - 1, 3)), '1234,5', 'class CHAOS');
  const [options] =
    decode(await resolver.answer(buildTestQuestion({ name: 'x', udpBytes: 512, ednsVersion: 1 }), 'udp')).additionals ??
    [];
  t.is(options?.type === 'OPT' && options.extendedRcode, 1, 'EDNS that does not exist yet');
});

const TROUBLES: Record<string, Parameters<typeof createTestResolver>[0]> = {
  'never answers': { cluster: () => undefined, questionTimeoutMs: 10 },
  'cannot be asked': {
    cluster: () => {
      throw new Error('the tunnel is down');
    },
  },
  'answers another name': { cluster: (query) => ({ ...responseTo(query, {}), questions: [{ type: 'A', name: 'a' }] }) },
  'answers another type': {
    cluster: (query) => responseTo({ ...query, questions: [{ type: 'MX', name: 'web.team-a.svc.cluster.local' }] }, {}),
  },
  'answers another question': { cluster: (query) => responseTo({ ...query, id: (query.id ?? 0) ^ 1 }, {}) },
  'answers with a question': { cluster: (query) => ({ ...responseTo(query, {}), type: 'query' }) },
  'answers a part': { cluster: (query) => ({ ...responseTo(query, {}), flags: 1 << 9 }) },
};
for (const [what, options] of Object.entries(TROUBLES)) {
  test(`the cluster's resolver ${what}: a failure that nobody keeps`, async (t) => {
    const { ask, asked } = createTestResolver(options);
    const question = { name: 'web.team-a.svc.cluster.local', udpBytes: 1232 };
    const answer = await ask(question);
    t.is(rcodeOf(answer), SERVER_FAILURE);
    const [record] = answer.additionals ?? [];
    const [error] = record?.type === 'OPT' ? record.options : [];
    t.regex(String(error?.data?.subarray(2)), /answer|tunnel/, 'the reason is told');
    await ask(question);
    t.is(asked.cluster.length, 2);
  });
}

test("a failure that the cluster's resolver reports is passed on and not kept", async (t) => {
  const { ask, asked } = createTestResolver({ cluster: (query) => responseTo(query, { rcode: 5 }) });
  t.is(rcodeOf(await ask({ name: 'web.team-a.svc.cluster.local' })), 5);
  await ask({ name: 'web.team-a.svc.cluster.local' });
  t.is(asked.cluster.length, 2);
});

const NO_CLUSTER: Record<string, (query: Packet) => Packet | undefined> = {
  'does not answer': () => undefined,
  fails: (query) => responseTo(query, { rcode: SERVER_FAILURE }),
};
for (const [what, cluster] of Object.entries(NO_CLUSTER)) {
  test(`the cluster's resolver ${what}: names of the outside still resolve, others fail`, async (t) => {
    const { ask } = createTestResolver({ cluster, clusterFirstMs: 10 });
    t.deepEqual(recordsOf(await ask({ name: 'example.com' })), ['A "192.0.2.1"']);
    t.is(rcodeOf(await ask({ name: 'db.shop' })), SERVER_FAILURE);
  });
}

test('all records of a short name are those of the whole name', async (t) => {
  const records: Answer[] = [...CLUSTER, { type: 'TXT', name: 'web.team-a.svc.cluster.local', ttl: 3, data: ['hi'] }];
  const { resolver } = createTestResolver({ cluster: respondFrom(records) });
  const any = decode(await resolver.answer(encode({ questions: [{ type: 'ANY' as 'A', name: 'web' }] }), 'tcp'));
  t.is(any.answers?.length, 3);
});
