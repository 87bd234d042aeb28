// How long does a program wait for a name? The resolver behind a UDP socket, asked for names that it has and for names
// that it has to ask for, against a bare UDP echo; client, server and the resolver behind it are processes of their own on
// loopback. Run: node bench/dns.ts [seconds per figure]

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encode } from 'dns-packet';
import type { DnsPart } from './dns/part.ts';
import { startPart } from './parts.ts';
import { quantile } from './statistics.ts';

const SECONDS = Number(process.argv[2] ?? 3);
const AT_A_TIME = [1, 16];
const GOALS = 'goals for cached ones: 20,000/s, p50 below 0.1 ms';

const upstream = await start({ role: 'upstream' });
const echo = await start({ role: 'echo' });
const resolver = await start({ role: 'resolver', upstreamPort: upstream.ready });

// The same names again and again, and never the same.
const cached = (index: number) => `svc${index % 50}.team-a.svc.cluster.local`;
const missed = (index: number) => `n${index}.a.b.c.example.com`;
for (const atATime of AT_A_TIME) {
  console.log(`${atATime} at a time:`);
  await measure('  bare echo', echo.ready, cached, atATime);
  await measure('  cached', resolver.ready, cached, atATime);
  await measure('  missed, asked over UDP', resolver.ready, missed, atATime);
  await measure('  the resolver behind it alone', upstream.ready, missed, atATime);
}
console.log(GOALS);
for (const part of [upstream, echo, resolver]) part.end();

async function measure(what: string, port: number, nameOf: (index: number) => string, atATime: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const startedAt = new Map<number, number>();
  const timesMs: number[] = [];
  let next = 0;
  const ask = () => {
    const id = next & 0xffff;
    const question = encode({ type: 'query', id, flags: 1 << 8, questions: [{ type: 'A', name: nameOf(next) }] });
    next += 1;
    startedAt.set(id, performance.now());
    socket.send(question);
  };
  await ramp(1);
  timesMs.length = 0;
  await ramp(SECONDS);
  socket.close();
  const ms = (part: number) => quantile(timesMs, part).toFixed(3);
  console.log(`${what}: ${Math.round(timesMs.length / SECONDS)}/s, p50 ${ms(0.5)} ms, p99 ${ms(0.99)} ms`);

  /** Keeps as many questions under way for that long. */
  async function ramp(seconds: number): Promise<void> {
    const endAt = performance.now() + seconds * 1000;
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAnswer = (message: Buffer) => {
      const id = message.readUInt16BE(0);
      timesMs.push(performance.now() - (startedAt.get(id) ?? 0));
      startedAt.delete(id);
      if (performance.now() < endAt) ask();
      else if (startedAt.size === 0) resolve();
    };
    socket.on('message', onAnswer);
    for (let count = 0; count < atATime; count += 1) ask();
    await promise;
    socket.off('message', onAnswer);
  }
}

/** Ready when it tells its port. */
function start(message: DnsPart) {
  return startPart<number>(new URL('./dns/part.ts', import.meta.url), { message });
}
