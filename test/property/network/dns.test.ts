// Laws of the resolver: it answers whatever comes, passes what it does not know, and its short names say the same as
// the whole ones.

import test from 'ava';
import { type Answer, decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { parseAnswer } from '../../../kubectl-tp/src/network/dns/answer.ts';
import { addressOfReverseName, labelsOf, nameOf } from '../../../kubectl-tp/src/network/dns/names.ts';
import { buildQuestion, parseQuestion, type Question } from '../../../kubectl-tp/src/network/dns/question.ts';
import { createResolver } from '../../../kubectl-tp/src/network/dns/resolver.ts';
import { aliasAnswer } from '../../../kubectl-tp/src/network/dns/short-name.ts';
import { buildTestQuestion } from '../../helpers/ask-resolver.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const hostName = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
/** A message with some bytes changed, cut somewhere. */
const damaged = (message: Buffer): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.array(fc.tuple(fc.nat(message.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(message.length))
    .map(([changes, cut]) => {
      const copy = Buffer.from(message);
      for (const [at, byte] of changes) copy[at] = byte;
      return copy.subarray(0, Math.max(cut, message.length - 3));
    });

const record = (name: string): fc.Arbitrary<Answer> =>
  fc.oneof(
    fc.record({ type: fc.constant('A' as const), name: fc.constant(name), ttl: fc.nat(600), data: fc.ipV4() }),
    fc.record({ type: fc.constant('CNAME' as const), name: fc.constant(name), ttl: fc.nat(600), data: hostName }),
    fc.record({
      type: fc.constant('SRV' as const),
      name: fc.constant(name),
      ttl: fc.nat(600),
      data: fc.record({ priority: fc.nat(9), weight: fc.nat(9), port: fc.nat(65535), target: hostName }),
    }),
    fc.record({
      type: fc.constant('TXT' as const),
      name: fc.constant(name),
      ttl: fc.nat(600),
      data: fc.array(
        fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  );

const sample = buildTestQuestion({ name: 'db.shop', udpBytes: 1232 });
const sampleAnswer = encode({
  type: 'response',
  questions: [{ type: 'A', name: 'www.example.com' }],
  answers: [{ type: 'A', name: 'www.example.com', ttl: 5, data: '192.0.2.1' }],
  authorities: [{ type: 'NS', name: 'example.com', data: 'ns.example.com' }],
  additionals: [{ type: 'AAAA', name: 'ns.example.com', data: '2001:db8::1' }],
});

test('any bytes get an answer with their number, or none; the resolver never rejects', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(anyBytes, damaged(sample)),
      fc.oneof(anyBytes, damaged(sampleAnswer)),
      fc.constantFrom('udp' as const, 'tcp' as const),
      async (question, response, transport) => {
        // The other resolver sends the right question and number, as an attacker would see to, and anything behind.
        const upstream = async (asked: Buffer) => {
          const answer = Buffer.concat([asked, response.subarray(12)]);
          response.copy(answer, 4, 4, 12);
          answer.writeUInt16BE(0x8180 | ((response[3] ?? 0) & 15), 2);
          answer.writeUInt16BE(1, 4);
          return answer;
        };
        const resolver = createResolver({
          clusterDomain: 'cluster.local',
          namespace: 'team-a',
          isClusterAddress: () => true,
          ownNames: new Map(),
          cluster: upstream,
          laptop: upstream,
        });
        const answer = await resolver.answer(question, transport);
        if (answer.length === 0) return;
        t.is(answer.readUInt16BE(0), question.readUInt16BE(0));
        t.true(answer.length >= 12 && (answer.readUInt16BE(2) & 0x8000) !== 0);
      },
    ),
    { numRuns: 3000 },
  );
});

test('the answer for a short name is the alias, then exactly the records of the whole name', (t) => {
  const target = 'db.shop.svc.cluster.local';
  fc.assert(
    fc.property(hostName, fc.array(record(target), { maxLength: 8 }), (name, answers) => {
      const question = (text: string): Question => {
        const parsed = parseQuestion(buildTestQuestion({ name: text }));
        if (parsed === undefined || 'rcode' in parsed) throw new Error('not a question');
        return parsed;
      };
      const message = encode({ type: 'response', flags: 1 << 10, questions: [{ type: 'A', name: target }], answers });
      const whole = parseAnswer(question(target), message, 0);
      if (whole === undefined) throw new Error('not an answer');
      const aliased = decode(aliasAnswer(question(name), question(target).name, whole).message);
      t.deepEqual(aliased.questions, [{ type: 'A', name, class: 'IN' }]);
      const [alias, ...rest] = aliased.answers ?? [];
      if (answers.length === 0) return t.is(alias, undefined);
      t.deepEqual(alias, { type: 'CNAME', name, ttl: 5, class: 'IN', flush: false, data: target });
      return t.deepEqual(rest, decode(message).answers ?? []);
    }),
  );
});

test('a question that is built is the question that was read', (t) => {
  const labels = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 8 });
  fc.assert(
    fc.property(labels, fc.nat(65535), fc.boolean(), fc.boolean(), (parts, type, wantsDnssec, isUnchecked) => {
      const name = nameOf(parts.map((part) => Buffer.from(part).toString('latin1').replace(/[A-Z]/g, 'x')));
      const question = { name, type: [41, 251, 252].includes(type) ? 1 : type, class: 1, wantsDnssec, isUnchecked };
      const parsed = parseQuestion(buildQuestion(question, 5));
      t.like(parsed, { ...question, id: 5 });
      t.is(nameOf(labelsOf(name)), name);
    }),
  );
});

test('reverse names stand for their addresses', (t) => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      t.is(addressOfReverseName([...address.split('.').toReversed(), 'in-addr', 'arpa']), address);
    }),
  );
  const nibbles = fc.stringMatching(/^[0-9a-f]{32}$/);
  fc.assert(
    fc.property(nibbles, (digits) => {
      const address = addressOfReverseName([...[...digits].toReversed(), 'ip6', 'arpa']);
      t.is(address?.replaceAll(':', ''), digits);
      t.is(address?.split(':').length, 8);
    }),
  );
  t.is(addressOfReverseName(['256', '0', '0', '10', 'in-addr', 'arpa']), undefined);
  t.is(addressOfReverseName(['0', '10', 'in-addr', 'arpa']), undefined);
});
