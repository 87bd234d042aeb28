// A long link: passes connections on to a port of loopback, every byte as much later as the link is long, and all of them
// no faster than the link. A process of its own, told by arguments: node delay-proxy.ts ROUND_TRIP_MS PORT... sends the
// ports in their place to its parent. It accepts at once: a real link costs a round trip there.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { portOf } from '../../test/helpers/loopback.ts';

/** 400 Mbit/s, more than most laptops have; of a faster one the processors would be the limit, and not the link. */
const BYTES_PER_MS = 50_000;
/** Linux lets a TCP connection have so much on its way in a round trip (tcp_wmem); half of it travels in one direction. */
const MAX_IN_FLIGHT_BYTES = 4 << 20;
/** Timers count whole milliseconds. */
const SLACK_MS = 0.5;

/** One direction of the link: until when it is busy with what it has taken. */
type Lane = { busyUntilMs: number };
type Waiting = { readonly dueMs: number; readonly data: Buffer | 'end' };

if (import.meta.main) {
  const [roundTripMs = 0, ...ports] = process.argv.slice(2).map(Number);
  const lanes: [Lane, Lane] = [{ busyUntilMs: 0 }, { busyUntilMs: 0 }];
  const delayed = await Promise.all(ports.map((port) => startDelayProxy(port, roundTripMs / 2, lanes)));
  process.send?.(delayed);
}

async function startDelayProxy(target: number, oneWayMs: number, [up, down]: [Lane, Lane]): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: target, allowHalfOpen: true, noDelay: true });
    carry(near, far, up, oneWayMs);
    carry(far, near, down, oneWayMs);
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  return portOf(server);
}

function carry(from: Socket, to: Socket, lane: Lane, oneWayMs: number): void {
  const queue: Waiting[] = [];
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  function add(data: Buffer | 'end'): void {
    lane.busyUntilMs = Math.max(lane.busyUntilMs, performance.now()) + data.length / BYTES_PER_MS;
    queue.push({ dueMs: lane.busyUntilMs + oneWayMs, data });
    waitingBytes += data.length;
    if (waitingBytes > MAX_IN_FLIGHT_BYTES / 2) from.pause();
    timer ??= setTimeout(deliver, oneWayMs);
  }

  function deliver(): void {
    const nowMs = performance.now();
    to.cork();
    for (let [first] = queue; first !== undefined && first.dueMs <= nowMs + SLACK_MS; [first] = queue) {
      queue.shift();
      waitingBytes -= first.data.length;
      if (first.data === 'end') to.end();
      else to.write(first.data);
    }
    to.uncork();
    const [next] = queue;
    timer = next && setTimeout(deliver, next.dueMs - nowMs);
    if (waitingBytes > MAX_IN_FLIGHT_BYTES / 2) return;
    if (to.writableNeedDrain) to.once('drain', () => from.resume());
    else from.resume();
  }

  from.on('data', add).on('end', () => add('end'));
  from.on('error', () => undefined);
  from.on('close', () => {
    if (from.readableEnded) return;
    clearTimeout(timer);
    to.resetAndDestroy();
  });
}
