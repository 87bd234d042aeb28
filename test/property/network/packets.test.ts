import { isIP, SocketAddress } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../../control-plane/src/addresses/index.ts';
import {
  buildDatagram,
  buildReset,
  buildUnreachable,
  isEchoRequest,
  turnIntoEchoReply,
} from '../../../kubectl-tp/src/network/answers.ts';
import { createNat } from '../../../kubectl-tp/src/network/nat.ts';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import { flowKey, parsePacket } from '../../../kubectl-tp/src/network/packet.ts';
import { anyEnds, hasRightChecksums, tcpHeader, writePacket } from '../../helpers/packets.ts';

const SYN = 0x02;
const ACK = 0x10;
const LISTENER_PORT = 40_000;
const own = {
  4: { program: parseAddress(OWN_ADDRESSES.ipv4.program), gateway: parseAddress(OWN_ADDRESSES.ipv4.gateway) },
  6: { program: parseAddress(OWN_ADDRESSES.ipv6.program), gateway: parseAddress(OWN_ADDRESSES.ipv6.gateway) },
};

function parsed(bytes: Buffer) {
  const packet = parsePacket(bytes, bytes.length);
  if (packet === undefined) throw new Error('a packet that should be understood is not');
  return packet;
}

test('addresses: text and bytes are each other, and the text is the canonical one', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const family = isIP(text) === 4 ? 'ipv4' : 'ipv6';
      // inet_ntop writes the last bytes of some addresses with dots; the bytes are the same.
      const canonical = new SocketAddress({ address: text, family }).address;
      const bytes = parseAddress(text);
      t.deepEqual(parseAddress(canonical), bytes);
      t.deepEqual(parseAddress(formatAddress(bytes)), bytes);
      if (!canonical.slice(1).includes('.') || family === 'ipv4') t.is(formatAddress(bytes), canonical);
    }),
  );
});

test('a connection led to the listener and back is the one that was opened, with right checksums', (t) => {
  fc.assert(
    fc.property(anyEnds, fc.nat(), ({ version, source, destination, ports, sequence, data }, firstPort) => {
      const ends = { version, protocol: 6, source, destination };
      const nat = createNat({
        addresses: OWN_ADDRESSES,
        listenerPort: LISTENER_PORT,
        firstPort,
        onEnd: () => undefined,
      });
      const verdict = nat.translate(parsed(writePacket({ ...ends, transport: tcpHeader(ports, SYN, sequence) })), 0);
      if (verdict.kind !== 'opening') return t.fail(verdict.kind);
      const { flow } = verdict;
      t.is(flow.endpoint.host, formatAddress(destination));
      t.is(flow.endpoint.port, ports[1]);
      const syn = nat.release(flow, 0)?.buffer ?? Buffer.alloc(0);
      t.true(hasRightChecksums(syn));
      t.is(nat.flowAt(flow.gatewayPort), flow);

      const there = writePacket({ ...ends, transport: tcpHeader(ports, ACK, sequence, data) });
      t.is(nat.translate(parsed(there), 0).kind, 'write');
      t.true(hasRightChecksums(there));
      const { program, gateway } = own[version];
      const expected = writePacket({
        version,
        protocol: 6,
        source: gateway,
        destination: program,
        transport: tcpHeader([flow.gatewayPort, LISTENER_PORT], ACK, sequence, data),
      });
      t.deepEqual(there, expected);

      const back = writePacket({
        version,
        protocol: 6,
        source: program,
        destination: gateway,
        transport: tcpHeader([LISTENER_PORT, flow.gatewayPort], ACK, sequence, data),
      });
      t.is(nat.translate(parsed(back), 0).kind, 'write');
      t.deepEqual(
        back,
        writePacket({
          version,
          protocol: 6,
          source: destination,
          destination: source,
          transport: tcpHeader([ports[1], ports[0]], ACK, sequence, data),
        }),
      );
    }),
  );
});

test('what the gateway writes by itself has right checksums and leads back', (t) => {
  fc.assert(
    fc.property(
      anyEnds,
      fc.integer({ min: 0, max: 63 }),
      ({ version, source, destination, ports, sequence, data }, flags) => {
        const packet = parsed(
          writePacket({
            version,
            protocol: 6,
            source,
            destination,
            transport: tcpHeader(ports, flags, sequence, data),
          }),
        );
        const reset = buildReset(packet);
        t.is(reset === undefined, (flags & 0x04) !== 0);
        if (reset !== undefined) {
          t.true(hasRightChecksums(reset));
          t.is(flowKey(parsed(reset)), backwardsKey(packet.buffer, version, ports));
        }
        for (const why of ['network', 'host', 'port', 'prohibited'] as const) {
          const error = buildUnreachable(packet, why, own[version].gateway);
          t.true(error !== undefined && hasRightChecksums(error));
        }
        const datagram = buildDatagram(
          { source, sourcePort: ports[0], destination, destinationPort: ports[1] },
          Buffer.concat([data, data]),
        );
        t.true(datagram !== undefined && hasRightChecksums(datagram));
      },
    ),
  );
});

test('an echo reply has a right checksum and the data of the request', (t) => {
  fc.assert(
    fc.property(anyEnds, ({ version, source, destination, data }) => {
      const protocol = version === 4 ? 1 : 58;
      const request = Buffer.concat([Buffer.from([version === 4 ? 8 : 128, 0, 0, 0, 1, 2, 3, 4]), data]);
      const packet = parsed(writePacket({ version, protocol, source, destination, transport: request }));
      t.true(isEchoRequest(packet));
      turnIntoEchoReply(packet);
      const reply = Buffer.from(request);
      reply[0] = version === 4 ? 0 : 129;
      t.deepEqual(
        packet.buffer,
        writePacket({ version, protocol, source: destination, destination: source, transport: reply }),
      );
    }),
  );
});

test('options and extension headers do not change which connection a packet belongs to', (t) => {
  fc.assert(
    fc.property(anyEnds, ({ version, source, destination, ports, sequence }) => {
      const packet = { version, protocol: 6, source, destination, transport: tcpHeader(ports, ACK, sequence) };
      // "No operation" in IPv4; in IPv6 an options header that says what follows and is padded.
      const options = version === 4 ? Buffer.alloc(8, 1) : Buffer.from([6, 0, 1, 4, 0, 0, 0, 0]);
      const withOptions = parsed(writePacket({ ...packet, options }));
      t.is(flowKey(withOptions), flowKey(parsed(writePacket(packet))));
      t.is(withOptions.protocol, 6);
    }),
  );
});

test('damaged packets never throw, and nothing is read beyond their end', (t) => {
  const damage = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
  let understood = 0;
  fc.assert(
    fc.property(anyEnds, damage, fc.nat({ max: 20 }), ({ ports, data, ...ends }, changes, cut) => {
      const whole = writePacket({ ...ends, protocol: 6, transport: tcpHeader(ports, ACK, 1, data) });
      for (const [at, value] of changes) if (at < whole.length) whole[at] = value;
      const bytes = whole.length - (cut > 10 ? cut : 0);
      const packet = parsePacket(whole.subarray(0, bytes), bytes);
      if (packet === undefined) return;
      understood += 1;
      t.true(packet.bytes <= bytes);
      buildReset(packet);
      buildUnreachable(packet, 'host', own[packet.version].gateway);
      if (packet.protocol !== 6) return;
      const options = { addresses: OWN_ADDRESSES, listenerPort: LISTENER_PORT, firstPort: 0 };
      createNat({ ...options, onEnd: () => undefined }).translate(packet, 0);
    }),
    { numRuns: 2000 },
  );
  t.true(understood > 100);
});

function backwardsKey(buffer: Buffer, version: 4 | 6, [from, to]: [number, number]): string {
  const [at, length] = version === 4 ? [12, 4] : [8, 16];
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(to, 0);
  ports.writeUInt16BE(from, 2);
  const source = buffer.subarray(at, at + length);
  const destination = buffer.subarray(at + length, at + 2 * length);
  return Buffer.concat([destination, source, ports]).toString('latin1');
}
