// Laws of the ClientHello parser: it never throws, whatever comes, and chunks or records change nothing.

import test from 'ava';
import fc from 'fast-check';
import { parseClientHello } from '../../../control-plane/src/protocol/client-hello.ts';
import { captureClientHello, splitRecords } from '../../helpers/client-hello.ts';

const NAME = 'web.team-a.me.session.tp';
const EXPECTED = { serverName: NAME, protocols: ['h2', 'http/1.1'] };
const hello = await captureClientHello({ servername: NAME, ALPNProtocols: ['h2', 'http/1.1'] });

test('a real ClientHello tells name and protocols; nothing behind it matters', (t) => {
  t.deepEqual(parseClientHello(hello), EXPECTED);
  t.deepEqual(parseClientHello(Buffer.concat([hello, Buffer.from('more')])), EXPECTED);
});

test('one without name and protocols is one, too', async (t) => {
  t.deepEqual(parseClientHello(await captureClientHello({})), { serverName: undefined, protocols: [] });
});

test('every beginning of it is incomplete', (t) => {
  for (let length = 0; length < hello.length; length += 1) {
    t.is(parseClientHello(hello.subarray(0, length)), 'incomplete');
  }
});

test('in up to 16 records of any size it is the same', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: Math.ceil(hello.length / 16), max: hello.length }), (bytes) => {
      t.deepEqual(parseClientHello(splitRecords(hello, bytes)), EXPECTED);
    }),
  );
});

test('in a header cut into pieces it is the same', (t) => {
  const [first, second, rest] = [hello.subarray(5, 6), hello.subarray(6, 8), hello.subarray(8)];
  const records = [first, second, rest].map((part) => splitRecords(Buffer.concat([Buffer.alloc(5), part]), 1 << 14));
  t.deepEqual(parseClientHello(Buffer.concat(records)), EXPECTED);
});

test('in thousands of records it is refused after the first few, whole or not', (t) => {
  const records = splitRecords(hello, 1);
  t.is(parseClientHello(records), 'invalid');
  t.is(parseClientHello(records.subarray(0, 16 * 6)), 'invalid');
  t.is(parseClientHello(records.subarray(0, 15 * 6)), 'incomplete');
});

test('any bytes give an answer, not an exception', (t) => {
  const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array));
  const asRecord = bytes.map((body) =>
    Buffer.concat([Buffer.from([22, 3, 1, body.length >> 8, body.length & 255, 1, 0, 0]), body]),
  );
  fc.assert(
    fc.property(fc.oneof(bytes, asRecord), (input) => {
      t.notThrows(() => parseClientHello(input));
    }),
    { numRuns: 2000 },
  );
});

test('a real one with any bytes changed never throws, and names only bytes that are there', (t) => {
  const changes = fc.array(fc.tuple(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
  fc.assert(
    fc.property(changes, fc.nat(hello.length), (list, length) => {
      // The buffer's memory goes on behind the input: a parser that reads beyond would find it.
      const memory = Buffer.concat([hello, Buffer.alloc(70_000, 'Z')]);
      for (const [at, value] of list) memory[at] = value;
      const result = parseClientHello(memory.subarray(0, length));
      if (typeof result === 'object') t.false(`${result.serverName}${result.protocols}`.includes('ZZZZ'));
      else t.regex(result, /^(incomplete|invalid)$/);
    }),
    { numRuns: 3000 },
  );
});

test('other handshakes, other records and absurd lengths are invalid at once', (t) => {
  t.is(parseClientHello(Buffer.from('GET / HTTP/1.1')), 'invalid');
  t.is(parseClientHello(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])), 'invalid');
  t.is(parseClientHello(Buffer.from([22, 3, 1, 0x40, 1])), 'invalid');
  t.is(parseClientHello(Buffer.from([22, 3, 1, 0, 0])), 'invalid');
  t.is(parseClientHello(Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0])), 'invalid');
});
