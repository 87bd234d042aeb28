// A cluster whose addresses the laptop has, too: what its resolver says, and what is dialed.

import test from 'ava';
import { type Answer, decode, encode, type Packet } from 'dns-packet';
import { rangeOf } from '../../../control-plane/src/addresses/index.ts';
import { createAddressTranslation } from '../../../kubectl-tp/src/network/address-translation.ts';
import { createTranslatingUpstream } from '../../../kubectl-tp/src/network/dns/translating-upstream.ts';
import { createTranslatingDialer } from '../../../kubectl-tp/src/network/translating-dialer.ts';
import { createLoopbackDialer } from '../../helpers/test-dialer.ts';

const AUTHENTIC = 1 << 5;
const PAIRS = [
  { real: rangeOf('10.96.0.0/16'), shown: rangeOf('198.18.0.0/16') },
  { real: rangeOf('fd00:96::/112'), shown: rangeOf('fd8c:41e7:5b00::/112') },
];

function createScene(has = (_: string) => true) {
  const translation = createAddressTranslation(has);
  translation.setRules({ pairs: PAIRS, except: ['10.96.200.0/24'].map(rangeOf) });
  return translation;
}

test('addresses in every section are translated, everything else stays', async (t) => {
  const srv = { priority: 1, weight: 2, port: 80, target: 'web.shop.svc.cluster.local' };
  const response = (addresses: readonly [string, string]): Packet => ({
    type: 'response',
    id: 7,
    questions: [{ type: 'SRV', name: '_http._tcp.web.shop.svc.cluster.local' }],
    answers: [
      { type: 'SRV', name: '_http._tcp.web.shop.svc.cluster.local', ttl: 5, data: srv },
      { type: 'TXT', name: 'web.shop.svc.cluster.local', ttl: 5, data: ['10.96.0.9'] },
    ],
    additionals: [
      { type: 'A', name: 'web.shop.svc.cluster.local', ttl: 5, data: addresses[0] },
      { type: 'AAAA', name: 'web.shop.svc.cluster.local', ttl: 5, data: addresses[1] },
      { type: 'A', name: 'elsewhere.test', ttl: 5, data: '10.97.0.9' },
      { type: 'A', name: 'as-it-is.test', ttl: 5, data: '10.96.200.9' },
    ],
  });
  const answer = encode(response(['10.96.3.9', 'fd00:96::9']));
  answer.writeUInt16BE(answer.readUInt16BE(2) | AUTHENTIC, 2);
  const upstream = createTranslatingUpstream(async () => answer, createScene());
  const asked = await upstream(questionFor('SRV', '_http._tcp.web.shop.svc.cluster.local'), never);
  t.deepEqual(asked, encode(response(['198.18.3.9', 'fd8c:41e7:5b00::9'])));
  // What came is not written into: others may have it, too.
  t.is((answer.readUInt16BE(2) & AUTHENTIC) !== 0, true);
});

test("an outsider's address, as an ExternalName gives it, is not the cluster's to translate", async (t) => {
  const answers: Answer[] = [{ type: 'A', name: 'db.corp.test', ttl: 5, data: '10.96.3.9' }];
  const message = encode({ type: 'response', questions: [{ type: 'A', name: 'db.shop' }], answers });
  const upstream = createTranslatingUpstream(
    async () => message,
    createScene(() => false),
  );
  t.deepEqual(await upstream(questionFor('A', 'db.shop'), never), message);
});

for (const [shown, real] of [
  ['9.3.18.198.in-addr.arpa', '9.3.96.10.in-addr.arpa'],
  ['9.3.18.198.In-AddR.ArPa', '9.3.96.10.in-addr.arpa'],
  [`9.${'0.'.repeat(19)}0.0.b.5.7.e.1.4.c.8.d.f.ip6.arpa`, `9.${'0.'.repeat(23)}6.9.0.0.0.0.d.f.ip6.arpa`],
  ['9.3.97.10.in-addr.arpa', '9.3.97.10.in-addr.arpa'],
] as const) {
  test(`${shown} is asked of the cluster as ${real}`, async (t) => {
    const upstream = createTranslatingUpstream(async (message) => {
      const { id = 0, questions = [] } = decode(message);
      t.is(questions[0]?.name, real);
      const answers: Answer[] = [{ type: 'PTR', name: real, ttl: 5, data: 'web.shop.svc.cluster.local' }];
      return encode({ type: 'response', id, flags: 3 << 7, questions, answers });
    }, createScene());
    const { id, questions, answers } = decode(await upstream(questionFor('PTR', shown), never));
    t.is(id, 7);
    t.is(questions?.[0]?.name, shown);
    t.like(answers?.[0], { type: 'PTR', name: shown, data: 'web.shop.svc.cluster.local' });
  });
}

test('the cluster is meant by addresses that stand for its own, and no longer by these', (t) => {
  const translation = createScene();
  for (const [address, isClusters] of [
    ['198.18.3.9', true],
    ['10.96.3.9', false],
    ['10.96.200.9', true],
    ['10.97.0.1', true],
    ['fd00:96::9', false],
    ['fd00:0096:0000:0000:0000:0000:0000:0009', false],
  ] as const) {
    t.is(translation.isClusters(address), isClusters, address);
  }
  t.false(createScene(() => false).isClusters('198.18.3.9'));
  t.is(translation.realOf('::ffff:198.18.3.9'), '10.96.3.9');
  t.is(translation.realOf('no address'), 'no address');
});

test('what a program calls is dialed where it stands for', async (t) => {
  const dialer = createLoopbackDialer();
  const translating = createTranslatingDialer(dialer, createScene());
  for (const host of ['198.18.3.9', '10.97.0.9']) {
    await t.throwsAsync(translating.connect({ host, port: 1 }, never), { name: 'DialError' });
  }
  t.deepEqual(dialer.dialed, ['10.96.3.9:1', '10.97.0.9:1']);
  const asked: unknown[] = [];
  const flows = { ...dialer, openDatagrams: (to: unknown) => void asked.push(to) } as unknown as typeof dialer;
  const handlers = { onMessage: () => undefined, onClose: () => undefined };
  createTranslatingDialer(flows, createScene()).openDatagrams({ host: '198.18.3.9', port: 53 }, handlers);
  t.deepEqual(asked, [{ host: '10.96.3.9', port: 53 }]);
});

const never = new AbortController().signal;

const questionFor = (type: 'A' | 'SRV' | 'PTR', name: string): Buffer =>
  encode({ type: 'query', id: 7, questions: [{ type, name }] });
