// How long datagrams of a program have their flow, and what the program is told when it ends.

import test from 'ava';
import { parseAddress } from '../../../control-plane/src/addresses/index.ts';
import { parsePacket } from '../../../kubectl-tp/src/network/packet.ts';
import { createUdpFlows, UDP_IDLE_MS } from '../../../kubectl-tp/src/network/udp-flows.ts';
import type { DatagramHandlers, DialFailure } from '../../../kubectl-tp/src/outbound/dialer.ts';
import { hasRightChecksums, writePacket } from '../../helpers/packets.ts';

const PROGRAM = parseAddress('192.0.0.1');
const GATEWAY = parseAddress('192.0.0.2');
const FAR = parseAddress('10.96.0.9');

function createScene({ maxFlows = 10, failsAtOnce }: { maxFlows?: number; failsAtOnce?: DialFailure } = {}) {
  const scene = {
    nowMs: 0,
    opened: [] as DatagramHandlers[],
    closed: 0,
    sent: [] as string[],
    written: [] as Buffer[],
  };
  const flows = createUdpFlows({
    dialer: {
      openDatagrams(_to, handlers) {
        scene.opened.push(handlers);
        if (failsAtOnce !== undefined) handlers.onClose(failsAtOnce);
        return {
          send: (data) => void scene.sent.push(String(data)),
          close: () => {
            scene.closed += 1;
          },
        };
      },
    },
    gatewayFor: () => GATEWAY,
    write: (packet) => scene.written.push(packet),
    now: () => scene.nowMs,
    maxFlows,
  });
  const send = (port: number, text: string) => {
    const transport = Buffer.concat([Buffer.alloc(8), Buffer.from(text)]);
    transport.writeUInt16BE(port, 0);
    transport.writeUInt16BE(7, 2);
    transport.writeUInt16BE(transport.length, 4);
    const bytes = writePacket({ version: 4, protocol: 17, source: PROGRAM, destination: FAR, transport });
    const packet = parsePacket(bytes, bytes.length);
    if (packet !== undefined) flows.send(packet);
  };
  return { scene, flows, send };
}

test('one flow for each pair of ends, as long as either side uses it', (t) => {
  const { scene, flows, send } = createScene();
  send(1, 'a');
  send(1, 'b');
  send(2, 'c');
  t.is(scene.opened.length, 2);
  t.deepEqual(scene.sent, ['a', 'b', 'c']);
  scene.nowMs = UDP_IDLE_MS;
  scene.opened[0]?.onMessage(Buffer.from('answer'));
  scene.nowMs = UDP_IDLE_MS + 1;
  flows.expire();
  t.is(scene.closed, 1);
  send(1, 'd');
  t.is(scene.opened.length, 2);
  send(2, 'e');
  t.is(scene.opened.length, 3);
});

test('an answer comes from where the program sent to; after the end none does', (t) => {
  const { scene, flows, send } = createScene();
  send(5000, 'question');
  scene.opened[0]?.onMessage(Buffer.from('answer'));
  const [answer = Buffer.alloc(0)] = scene.written;
  t.true(hasRightChecksums(answer));
  t.deepEqual([answer.subarray(12, 16), answer.subarray(16, 20)], [FAR, PROGRAM]);
  t.deepEqual([answer.readUInt16BE(20), answer.readUInt16BE(22)], [7, 5000]);
  t.is(String(answer.subarray(28)), 'answer');
  flows.close();
  t.is(scene.closed, 1);
  scene.opened[0]?.onMessage(Buffer.from('late'));
  scene.opened[0]?.onClose('refused');
  t.is(scene.written.length, 1);
});

test('beyond the limit the flow ends that was idle longest', (t) => {
  const { scene, send } = createScene({ maxFlows: 2 });
  send(1, 'a');
  send(2, 'b');
  send(1, 'c');
  send(3, 'd');
  t.is(scene.closed, 1);
  send(1, 'e');
  t.is(scene.opened.length, 3);
  send(2, 'f');
  t.is(scene.opened.length, 4);
});

const told = test.macro({
  exec: (t, failure: DialFailure, code: number | undefined) => {
    const { scene, send } = createScene();
    send(1, 'a');
    scene.opened[0]?.onClose(failure);
    t.is(scene.written.length, code === undefined ? 0 : 1);
    const [error] = scene.written;
    // Type 3: destination unreachable. It quotes the datagram.
    if (error !== undefined) t.deepEqual([error[20], error[21], error.readUInt16BE(28 + 20)], [3, code, 1]);
    send(1, 'b');
    t.is(scene.opened.length, 2);
  },
  title: (_, failure) => `a flow that ends as ${failure}`,
});
test(told, 'refused', 3);
test(told, 'unreachable', 1);
test(told, 'denied', 13);
test(told, 'lost', 0);
test(told, 'timeout', undefined);

test('a dialer that refuses at once is understood, too', (t) => {
  const { scene, send } = createScene({ failsAtOnce: 'refused' });
  send(1, 'a');
  t.is(scene.written.length, 1);
  t.deepEqual(scene.sent, []);
});
