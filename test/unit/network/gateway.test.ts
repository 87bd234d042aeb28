// What the gateway answers by itself.

import test from 'ava';
import { parseAddress } from '../../../control-plane/src/addresses/index.ts';
import { createGateway } from '../../../kubectl-tp/src/network/gateway.ts';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import { type Packet, parsePacket } from '../../../kubectl-tp/src/network/packet.ts';
import { hasRightChecksums, writePacket } from '../../helpers/packets.ts';

function createScene({
  isReachable = false,
  answer = async (question: Buffer, transport: string) => Buffer.from(`${question} by ${transport}`),
} = {}) {
  const asked: string[] = [];
  const written: Buffer[] = [];
  const gateway = createGateway({
    addresses: OWN_ADDRESSES,
    resolver: { answer },
    serveDns: () => undefined,
    reachable: async (host) => {
      asked.push(host);
      return isReachable;
    },
    write: (packet) => written.push(packet),
  });
  return { asked, written, gateway };
}

function packetTo(destination: string, protocol: number, transport: Buffer): Packet {
  const version = destination.includes(':') ? 6 : 4;
  const source = parseAddress(OWN_ADDRESSES[`ipv${version}`].program);
  const bytes = writePacket({ version, protocol, source, destination: parseAddress(destination), transport });
  const packet = parsePacket(bytes, bytes.length);
  if (packet === undefined) throw new Error('not a packet');
  return packet;
}

const echo = (destination: string) =>
  destination.includes(':')
    ? packetTo(destination, 58, Buffer.from([128, 0, 0, 0, 0, 1, 0, 1]))
    : packetTo(destination, 1, Buffer.from([8, 0, 0, 0, 0, 1, 0, 1]));

function datagram(port: number, text: string): Packet {
  const transport = Buffer.concat([Buffer.alloc(8), Buffer.from(text)]);
  transport.writeUInt16BE(5000, 0);
  transport.writeUInt16BE(port, 2);
  transport.writeUInt16BE(transport.length, 4);
  return packetTo(OWN_ADDRESSES.ipv4.gateway, 17, transport);
}

for (const family of ['ipv4', 'ipv6'] as const) {
  const [at, reply, unreachable] = family === 'ipv4' ? ([20, 0, [3, 1]] as const) : ([40, 129, [1, 3]] as const);
  const far = family === 'ipv4' ? '10.96.0.9' : 'fd00:96::9';

  test(`${family}: an echo of the gateway itself asks nobody`, async (t) => {
    const { asked, written, gateway } = createScene();
    await gateway.answerEcho(echo(OWN_ADDRESSES[family].gateway));
    t.deepEqual(asked, []);
    t.deepEqual(
      written.map((packet) => packet[at]),
      [reply],
    );
  });

  test(`${family}: an echo of another address is answered when that can be reached`, async (t) => {
    const reached = createScene({ isReachable: true });
    await reached.gateway.answerEcho(echo(far));
    t.deepEqual(reached.asked, [far]);
    t.is(reached.written[0]?.[at], reply);
    const unreached = createScene();
    await unreached.gateway.answerEcho(echo(far));
    const [error = Buffer.alloc(64)] = unreached.written;
    t.deepEqual([error[at], error[at + 1]], unreachable);
    t.true(hasRightChecksums(error));
  });
}

test('a question is answered from port 53, any other datagram to the gateway is refused', async (t) => {
  const { written, gateway } = createScene();
  await gateway.answerDatagram(datagram(53, 'question'));
  await gateway.answerDatagram(datagram(54, 'question'));
  const [answer = Buffer.alloc(64), refusal] = written;
  t.is(String(answer.subarray(28)), 'question by udp');
  t.deepEqual([answer.readUInt16BE(20), answer.readUInt16BE(22)], [53, 5000]);
  t.deepEqual([refusal?.[9], refusal?.[20], refusal?.[21]], [1, 3, 3]);
});

test('beyond a limit of unanswered questions the next is dropped; later ones are answered', async (t) => {
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  const written: Buffer[] = [];
  let asked = 0;
  const gateway = createGateway({
    addresses: OWN_ADDRESSES,
    resolver: {
      async answer(question) {
        asked += 1;
        await until;
        return question;
      },
    },
    serveDns: () => undefined,
    reachable: async () => false,
    write: (packet) => written.push(packet),
  });
  const answers = Array.from({ length: 1025 }, () => gateway.answerDatagram(datagram(53, 'q')));
  t.is(asked, 1024);
  release();
  await Promise.all(answers);
  t.is(written.length, 1024);
  await gateway.answerDatagram(datagram(53, 'q'));
  t.is(written.length, 1025);
});

test('what is no question is not answered, not even by an empty datagram', async (t) => {
  const { written, gateway } = createScene({ answer: async () => Buffer.alloc(0) });
  await gateway.answerDatagram(datagram(53, 'no question'));
  t.deepEqual(written, []);
});
