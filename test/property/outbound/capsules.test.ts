// Capsules: what was sent is read again, however it is cut, and nothing that comes makes the reader fail or hold much.

import test from 'ava';
import fc from 'fast-check';
import { CAPSULES } from '../../../kubectl-tp/src/outbound/capsules.ts';

const datagram = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
/** Of a type that nobody knows (RFC 9297 section 3.2: to be skipped), with numbers of two bytes. */
const strange = fc.uint8Array({ maxLength: 100 }).map((bytes) => {
  return Buffer.concat([Buffer.from([0x41, 0x23, 0x40, bytes.length]), bytes]);
});

test('whatever was sent comes out again, without what is of an unknown type', (t) => {
  const sent = fc.array(fc.oneof(datagram.map(toSent), strange.map(toStrange)), { maxLength: 8 });
  fc.assert(
    fc.property(sent, fc.array(fc.nat(500), { maxLength: 20 }), (items, cuts) => {
      const received: Buffer[] = [];
      const read = CAPSULES.createReader(
        (data) => void received.push(Buffer.from(data)),
        () => t.fail(),
      );
      let rest = Buffer.concat(items.map(({ bytes }) => bytes));
      for (const cut of cuts) {
        read(rest.subarray(0, cut));
        rest = rest.subarray(cut);
      }
      read(rest);
      t.deepEqual(
        received,
        items.flatMap(({ data }) => (data === undefined ? [] : [data])),
      );
    }),
  );
  t.pass();
});

test('nothing makes it throw', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (chunks) => {
      const read = CAPSULES.createReader(
        () => undefined,
        () => undefined,
      );
      for (const chunk of chunks) read(Buffer.from(chunk));
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('what is longer than any datagram is not waited for', (t) => {
  let invalid = 0;
  const read = CAPSULES.createReader(
    () => t.fail(),
    () => {
      invalid += 1;
    },
  );
  read(Buffer.from([0x00, 0x80, 0x01, 0x00, 0x01]));
  t.is(invalid, 1);
});

const toSent = (data: Buffer): { bytes: Buffer; data?: Buffer } => ({ bytes: CAPSULES.frame(data), data });
const toStrange = (bytes: Buffer): { bytes: Buffer; data?: Buffer } => ({ bytes });
