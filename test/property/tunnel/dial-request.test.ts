// Requests to dial: what is written is read, however it is cut, and nothing that comes makes a parser throw.

import { isIPv4 } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { canonicalAddress } from '../../../control-plane/src/addresses/index.ts';
import {
  buildProxyHeader,
  type DialRequest,
  encodeDialRequest,
  MAX_DIAL_REQUEST_BYTES,
  parseDialRequest,
} from '../../../control-plane/src/protocol/index.ts';

const port = fc.integer({ min: 1, max: 65_535 });
const host = fc.oneof(fc.ipV4(), fc.ipV6());
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const exit = fc.record({ namespace: label, name: label });
const request: fc.Arbitrary<DialRequest> = fc.oneof(
  fc.record({ kind: fc.constantFrom('tcp' as const, 'udp' as const), host, port }),
  fc.constant({ kind: 'dns' as const, host: '', port: 0 }),
  fc.record({ kind: fc.constant('exit' as const), host, port, exit }),
  fc.record({ kind: fc.constant('exit' as const), host: fc.constant(''), port: fc.constant(0), exit }),
);

test('what is written is read, and what follows is left', (t) => {
  fc.assert(
    fc.property(request, fc.uint8Array(), (written, rest) => {
      const bytes = encodeDialRequest(written);
      t.true(bytes.length <= MAX_DIAL_REQUEST_BYTES);
      t.deepEqual(parseDialRequest(Buffer.concat([bytes, rest])), { value: written, bytes: bytes.length });
      for (let cut = 0; cut < bytes.length; cut++) t.is(parseDialRequest(bytes.subarray(0, cut)), 'incomplete');
    }),
  );
  t.pass();
});

test('no bytes make it throw, and only an exit has a name', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const parsed = parseDialRequest(Buffer.from(bytes));
      if (typeof parsed === 'string') return;
      t.is(parsed.value.kind === 'exit', parsed.value.exit !== undefined);
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('a PROXY header has the address as a socket would, and behind it the TLV', (t) => {
  const tlvs = fc.record({ type: fc.integer({ min: 0, max: 255 }), value: fc.stringMatching(/^[\w-]{0,255}$/) });
  fc.assert(
    fc.property(host, port, tlvs, (text, number, tlv) => {
      const address = canonicalAddress(text);
      if (address === undefined) return;
      const header = buildProxyHeader({ host: address, port: number, tlv });
      t.is(header.readUInt16BE(14), header.length - 16);
      const size = isIPv4(address) ? 4 : 16;
      const tlvStart = 16 + 2 * size + 4;
      t.is(header.readUInt16BE(tlvStart - 2), number);
      const bytes = header.subarray(tlvStart - 4 - size, tlvStart - 4);
      const spelled = isIPv4(address) ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
      t.is(canonicalAddress(spelled), address);
      t.is(header[tlvStart], tlv.type);
      t.is(header.readUInt16BE(tlvStart + 1), header.length - tlvStart - 3);
      t.is(header.toString('latin1', tlvStart + 3), tlv.value);
    }),
  );
  t.pass();
});
