// The form of SFTP packets as laws: what is written is read, however the stream is cut.

import test from 'ava';
import fc from 'fast-check';
import {
  buildAttributes,
  buildPacket,
  buildString,
  buildU64,
  createPacketReader,
  createPacketSplitter,
  type FileAttributes,
  ID_OFFSET,
  readAttributes,
  TYPE_OFFSET,
} from '../../../control-plane/src/protocol/index.ts';

const u32 = fc.nat({ max: 0xffff_ffff });
const someAttributes = fc.record<FileAttributes>(
  {
    size: fc.maxSafeNat(),
    owner: fc.record({ uid: u32, gid: u32 }),
    mode: u32,
    times: fc.record({ accessed: u32, modified: u32 }),
  },
  { requiredKeys: [] },
);
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

test('attributes come back as they were', (t) => {
  fc.assert(
    fc.property(someAttributes, (attributes) => {
      const reader = createPacketReader(buildAttributes(attributes), 0);
      t.deepEqual(readAttributes(reader), attributes);
      t.true(reader.isAtEnd());
    }),
  );
});

test('numbers, strings and bytes of any kind come back as they were, over any chunking', (t) => {
  const packet = fc.tuple(fc.nat({ max: 254 }), u32, u32, fc.maxSafeNat(), bytes(300));
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 50 })), (packets, cuts) => {
      const stream = Buffer.concat(
        packets.map(([type, id, small, large, text]) =>
          buildPacket(type, id, small, buildU64(large), text.toString('latin1'), buildString(text)),
        ),
      );
      const read: unknown[] = [];
      const split = createPacketSplitter((one) => {
        const reader = createPacketReader(one);
        const head = [one.readUInt8(TYPE_OFFSET), one.readUInt32BE(ID_OFFSET)];
        read.push([...head, reader.u32(), reader.u64(), Buffer.from(reader.text(), 'latin1'), reader.isAtEnd()]);
        t.deepEqual(reader.bytes(), Buffer.from(read.at(-1) ? (read.at(-1) as [0, 0, 0, 0, Buffer])[4] : ''));
      });
      let rest = stream;
      for (let at = 0; rest.length > 0; at += 1) {
        const length = cuts.length === 0 ? rest.length : (cuts[at % cuts.length] ?? 1);
        split(rest.subarray(0, length));
        rest = rest.subarray(length);
      }
      t.deepEqual(
        read,
        packets.map(([type, id, small, large, text]) => [type, id, small, large, text, false]),
      );
    }),
  );
});

test('a packet that claims more than it has, or more than may be, is refused', (t) => {
  t.throws(() => createPacketReader(Buffer.of(0, 0, 0, 9, 1), 0).bytes(), { code: 'SFTP_MALFORMED' });
  const split = createPacketSplitter(() => t.fail());
  t.throws(() => split(Buffer.of(0x7f, 0, 0, 0)), { code: 'SFTP_MALFORMED' });
  t.throws(() => createPacketSplitter(() => t.fail())(Buffer.of(0, 0, 0, 0)), { code: 'SFTP_MALFORMED' });
});
