// Laws of addresses: however one is spelled, it is the same, and what is never dialed is so in every spelling.

import { SocketAddress } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { canonicalAddress, isInRanges, parseExactRange, rangeOf } from '../../../control-plane/src/addresses/index.ts';
import { isNeverDialed } from '../../../control-plane/src/reach/never-dialed.ts';
import { createReach } from '../../../control-plane/src/relay/reach.ts';

/** Zeros often, as they are what spellings differ in. */
const anyHextets = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});
const anyOctets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });

/** One of the many ways to write eight hextets. */
const anySpelling = (hextets: readonly number[]): fc.Arbitrary<string> =>
  fc.record({ pad: fc.boolean(), upper: fc.boolean(), squeeze: fc.nat(7), dotted: fc.boolean() }).map((style) => {
    const words = hextets.map((value) => value.toString(16).padStart(style.pad ? 4 : 1, '0'));
    if (style.dotted) words.splice(6, 2, octetsOf(hextets.slice(6)).join('.'));
    const text = squeeze(words, style.squeeze).join(':');
    return style.upper ? text.toUpperCase() : text;
  });

const octetsOf = (hextets: readonly number[]) => hextets.flatMap((value) => [value >> 8, value & 0xff]);

/** `::` for the zeros that begin at `at`, if any do. */
function squeeze(words: readonly string[], at: number): readonly string[] {
  let end = at;
  while (end < words.length && /^0+$/.test(words[end] ?? '')) end += 1;
  if (end === at) return words;
  const [head, tail] = [words.slice(0, at), words.slice(end)];
  return [...(head.length === 0 ? [''] : head), '', ...(tail.length === 0 ? [''] : tail)];
}

const anySpelledPair = anyHextets.chain((hextets) => fc.tuple(anySpelling(hextets), anySpelling(hextets)));

test('spellings of one address have one form, which is a form of itself', (t) => {
  fc.assert(
    fc.property(anySpelledPair, ([one, other]) => {
      const canonical = canonicalAddress(one);
      t.truthy(canonical, one);
      t.is(canonicalAddress(other), canonical);
      t.is(canonicalAddress(canonical ?? ''), canonical);
    }),
  );
  t.pass();
});

/** What a socket would be given: the system's own reading of both texts. */
const asSocketAddress = (text: string) => {
  const family = text.includes(':') ? 'ipv6' : 'ipv4';
  return new SocketAddress({ address: text, family }).address;
};

test('the canonical form means to a socket what the text meant', (t) => {
  fc.assert(
    fc.property(anyHextets.chain(anySpelling), (text) => {
      const canonical = canonicalAddress(text) ?? '';
      const asIpv6 = canonical.includes(':') ? canonical : `::ffff:${canonical}`;
      t.is(asSocketAddress(asIpv6), asSocketAddress(text));
    }),
  );
});

test('an IPv4 address is the same in the clothes of an IPv6 one', (t) => {
  fc.assert(
    fc.property(anyOctets, ([a = 0, b = 0, c = 0, d = 0]) => {
      const text = [a, b, c, d].join('.');
      const mapped = `0:0:0:0:0:FFFF:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      t.is(canonicalAddress(mapped), text);
      t.is(canonicalAddress(`::ffff:${text}`), text);
    }),
  );
});

test('an address lies in the range of its own first bits, and in no range of others', (t) => {
  fc.assert(
    fc.property(anyOctets, fc.integer({ min: 1, max: 32 }), (octets, length) => {
      const bits = octets.reduce((all, octet) => all * 256 + octet, 0);
      const size = 2 ** (32 - length);
      const first = bits - (bits % size);
      const toText = (value: number) => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
      const range = parseExactRange(`${toText(first)}/${length}`);
      const next = parseExactRange(`${toText((first + size) % 2 ** 32)}/${length}`);
      if (range === undefined || next === undefined) return t.fail(`${toText(first)}/${length}`);
      t.true(isInRanges(octets.join('.'), [range]));
      t.false(isInRanges(octets.join('.'), [next]));
    }),
  );
});

const anyNever = fc.oneof(
  anyOctets.map(([, ...rest]) => [127, ...rest]),
  anyOctets.map(([, , ...rest]) => [169, 254, ...rest]),
  anyOctets.map(([first = 0, ...rest]) => [224 + (first % 32), ...rest]),
);

test('what is never dialed is so in every spelling, whatever the install allows and the control plane says', async (t) => {
  const allow = ['0.0.0.0/0', '::/0'].map(rangeOf);
  const reach = createReach({
    ...{ ask: async () => ({ allowed: true }), allow, own: ['10.9.9.9'], now: () => 0 },
    onTrouble: () => t.fail(),
  });
  const spelled = fc.oneof(anyNever, fc.constant([10, 9, 9, 9])).chain(([a = 0, b = 0, c = 0, d = 0]) => {
    const hextets = [0, 0, 0, 0, 0, 0xffff, (a << 8) | b, (c << 8) | d];
    return fc.oneof(fc.constant([a, b, c, d].join('.')), anySpelling(hextets));
  });
  await fc.assert(
    fc.asyncProperty(spelled, async (text) => {
      t.false((await reach.mayDial('s', text)).allowed, text);
    }),
  );
  t.true((await reach.mayDial('s', '10.9.9.8')).allowed);
});

test('no text makes the check throw', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.%/[]@') })), (text) => {
      const address = canonicalAddress(text);
      if (address !== undefined) t.is(typeof isNeverDialed(address), 'boolean');
    }),
  );
  t.pass();
});
