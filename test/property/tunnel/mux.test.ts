// Laws of the tunnel's frames and streams: what goes in comes out, in any chunks and any order of streams; what is no
// frame ends the tunnel and nothing else.

import { Duplex } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import {
  buildControlFrame,
  buildFrameHeader,
  createFrameReader,
  FRAME,
  type FrameType,
} from '../../../control-plane/src/protocol/mux/frame.ts';
import { createFrameBatch } from '../../../control-plane/src/protocol/mux/frame-batch.ts';
import { createMemoryBudget } from '../../../control-plane/src/protocol/mux/memory-budget.ts';
import { createMux, type Mux, type MuxOptions } from '../../../control-plane/src/protocol/mux/mux.ts';
import { createPartQueue } from '../../../control-plane/src/protocol/mux/part-queue.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const buildDataFrame = (id: number, data: Buffer) =>
  Buffer.concat([buildFrameHeader(FRAME.DATA, id, data.length), data]);

type Seen = { type: FrameType; stream: number; content: string };

/** Frames as they were read, neighbouring parts of one stream's data joined. */
function readFrames(chunks: Buffer[]): Seen[] {
  const seen: Seen[] = [];
  const read = createFrameReader({
    onData(stream, part) {
      const last = seen.at(-1);
      if (last?.type === FRAME.DATA && last.stream === stream) last.content += part.toString('hex');
      else seen.push({ type: FRAME.DATA, stream, content: part.toString('hex') });
    },
    onControl: (type, stream, value) => seen.push({ type, stream, content: String(value) }),
  });
  for (const chunk of chunks) read(chunk);
  return seen;
}

function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...chunks, bytes.subarray(at)];
}

const stream = fc.integer({ min: 1, max: 0xffff_ffff });
const frame = fc.oneof(
  fc
    .tuple(stream, fc.uint8Array({ minLength: 1, maxLength: 200 }))
    .map(([id, data]) => buildDataFrame(id, Buffer.from(data))),
  fc.tuple(stream, fc.nat()).map(([id, credit]) => buildControlFrame(FRAME.WINDOW, id, credit)),
  fc.double({ noNaN: true }).map((stamp) => buildControlFrame(FRAME.PING, 0, stamp)),
  stream.map((id) => buildControlFrame(FRAME.END, id)),
  stream.map((id) => buildControlFrame(FRAME.RESET, id)),
);

test('frames cut into any chunks are the same frames', (t) => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 40 })), (frames, sizes) => {
      const bytes = Buffer.concat(frames);
      t.deepEqual(readFrames(cut(bytes, sizes)), readFrames([bytes]));
    }),
  );
});

test('any bytes are frames or a violation, never anything else', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        readFrames([Buffer.from(bytes)]);
        t.pass();
      } catch (error) {
        t.like(error, { code: 'TUNNEL_PROTOCOL_VIOLATED' });
      }
    }),
    { numRuns: 1000 },
  );
});

/** Two ends of one connection that cuts what is written into random pieces and delivers them late. */
function createWire(random: () => number): [Duplex, Duplex] {
  const make = (): Duplex => new Duplex({ read: () => undefined, highWaterMark: 1024, write: () => undefined });
  const [left, right] = [make(), make()];
  const connect = (from: Duplex, to: Duplex) => {
    from._write = (chunk: Buffer, _encoding, done) => {
      let at = 0;
      while (at < chunk.length) {
        const size = 1 + Math.floor(random() * 3000);
        to.push(Buffer.from(chunk.subarray(at, at + size)));
        at += size;
      }
      if (random() < 0.5) setImmediate(done);
      else done();
    };
    from._final = (done) => {
      to.push(null);
      done();
    };
  };
  connect(left, right);
  connect(right, left);
  return [left, right];
}

function createPair(random: () => number, onStream: (stream: Duplex) => void): { relay: Mux; laptop: Mux } {
  const [left, right] = createWire(random);
  const quiet: Pick<MuxOptions, 'onClose'> = { onClose: () => undefined };
  return {
    relay: createMux(left, { role: 'opener', ...quiet }),
    laptop: createMux(right, { role: 'acceptor', onStream, ...quiet }),
  };
}

test('what stands behind the frame that ended a tunnel opens nothing', (t) => {
  const wire = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  let opened = 0;
  const mux = createMux(wire, {
    role: 'acceptor',
    onStream() {
      opened += 1;
      mux.destroy();
    },
    onClose: () => undefined,
  });
  wire.emit('data', Buffer.concat([1, 2, 3].map((id) => buildControlFrame(FRAME.OPEN, id))));
  t.is(opened, 1);
});

type Plan = { bytes: number; chunk: number; slow: boolean; reset: boolean };

test('every stream returns what went in, whatever the others do', async (t) => {
  const plan = fc.record({
    bytes: fc.integer({ min: 0, max: 600_000 }),
    chunk: fc.integer({ min: 1, max: 100_000 }),
    slow: fc.boolean(),
    reset: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(plan, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      async (plans, randoms) => {
        const random = () => randoms.next().value ?? 0;
        const { relay, laptop } = createPair(random, (echo) => echo.pipe(echo));
        const results = await Promise.all(plans.map((one) => roundTrip(relay, one)));
        for (const [index, result] of results.entries()) t.true(result, `stream ${index}`);
        relay.destroy();
        laptop.destroy();
      },
    ),
    { numRuns: 25 },
  );
});

async function roundTrip(relay: Mux, { bytes, chunk, slow, reset }: Plan): Promise<boolean> {
  const sent = Buffer.alloc(bytes, bytes % 251);
  const open = relay.open();
  open.on('error', () => undefined);
  if (reset) {
    open.write(sent.subarray(0, chunk));
    open.destroy();
    return true;
  }
  const write = async () => {
    for (let at = 0; at < bytes; at += chunk) {
      if (!open.write(sent.subarray(at, at + chunk))) await new Promise((resolve) => open.once('drain', resolve));
    }
    open.end();
  };
  const [received] = await Promise.all([readSlowly(open, slow), write()]);
  return received.equals(sent);
}

async function readSlowly(from: Duplex, slow: boolean): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of from) {
    parts.push(part);
    if (slow) await new Promise(setImmediate);
  }
  return Buffer.concat(parts);
}

test('data beyond the window ends the tunnel', async (t) => {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const [left, right] = createWire(() => 0.9);
  createMux(right, { role: 'acceptor', onStream: (held) => held.pause(), onClose: resolve });
  left.on('data', () => undefined);
  left.write(buildControlFrame(FRAME.OPEN, 1));
  for (let sent = 0; sent < 5; sent += 1) left.write(buildDataFrame(1, Buffer.alloc(64 << 10)));
  t.like(await promise, { code: 'TUNNEL_PROTOCOL_VIOLATED' });
});

const violates = test.macro({
  async exec(t, bytes: Buffer) {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    const [left, right] = createWire(() => 0.9);
    createMux(right, { role: 'acceptor', onClose: resolve });
    left.on('data', () => undefined);
    left.write(bytes);
    t.like(await promise, { code: 'TUNNEL_PROTOCOL_VIOLATED' });
  },
  title: (what) => `ends the tunnel: ${what}`,
});
test('data for a stream that was never opened', violates, buildDataFrame(7, Buffer.from('x')));
test(
  'a stream opened twice',
  violates,
  Buffer.concat([buildControlFrame(FRAME.OPEN, 1), buildControlFrame(FRAME.OPEN, 1)]),
);
test('an unknown frame', violates, Buffer.from([9, 0, 0, 0, 0, 0, 0, 1]));
test('a frame that is too long', violates, Buffer.from([1, 0xff, 0xff, 0xff, 0, 0, 0, 1]));

test('data that nobody reads is bounded over all streams; who is read in time loses nothing', async (t) => {
  const [left, right] = createWire(() => 0.9);
  const memory = createMemoryBudget(300_000);
  const streams: Duplex[] = [];
  const laptop = createMux(right, {
    role: 'acceptor',
    memory,
    onStream: (stream) => streams.push(stream),
    onClose: () => undefined,
  });
  const relay = createMux(left, { role: 'opener', onClose: () => undefined });
  const [unread, tooMuch, read] = [relay.open(), relay.open(), relay.open()];
  for (const stream of [unread, tooMuch, read]) stream.on('error', () => undefined);
  unread.write(Buffer.alloc(200_000, 'a'));
  await waitFor('all arrived', () => streams.length === 3 && unread.writableLength === 0);
  tooMuch.write(Buffer.alloc(200_000, 'b'));
  await waitFor('reset', () => tooMuch.destroyed);
  t.like(tooMuch.errored, { code: 'CONNECTION_RESET' });
  const [first, , third] = streams;
  let received = 0;
  third?.on('data', (part: Buffer) => {
    received += part.length;
  });
  read.write(Buffer.alloc(500_000, 'c'));
  await waitFor('all that is read', () => received === 500_000);
  unread.end();
  t.is((await readSlowly(first ?? new Duplex(), false)).length, 200_000);
  laptop.destroy();
  relay.destroy();
});

test('who asks for answers and reads none loses the tunnel', async (t) => {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const socket = new Duplex({ read: () => undefined, write: () => undefined });
  createMux(socket, { role: 'opener', onClose: resolve });
  const pings = Buffer.concat(Array.from({ length: 1000 }, () => buildControlFrame(FRAME.PING, 0, 1)));
  const flood = setInterval(() => socket.push(pings), 1);
  t.teardown(() => clearInterval(flood));
  t.like(await promise, { code: 'TUNNEL_PROTOCOL_VIOLATED' });
  t.true(socket.writableLength < 2 << 20);
});

/** A connection that takes one write at a time, each when the test says so. */
function createNarrowSocket() {
  const written: Buffer[] = [];
  const taken: (() => void)[] = [];
  const socket = new Duplex({
    highWaterMark: 1024,
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      taken.push(done);
    },
  });
  return { socket, frames: () => readFrames(written), take: () => taken.shift()?.() };
}

/** The opener's end of a tunnel that is full: `full` has filled it, `late` waits for room with one word. */
async function createFullMux(memory = createMemoryBudget(1 << 20)) {
  const narrow = createNarrowSocket();
  const mux = createMux(narrow.socket, { role: 'opener', memory, onClose: () => undefined });
  const [full, late] = [mux.open(), mux.open()];
  for (const stream of [full, late]) stream.on('error', () => undefined);
  full.write(Buffer.alloc(200_000, 'a'));
  late.write('word');
  await new Promise(setImmediate);
  const isDrained = () => {
    narrow.take();
    return narrow.socket.writableLength === 0 && full.writableLength === 0;
  };
  const drain = () => waitFor('all to go out', isDrained);
  return { ...narrow, mux, full, late, drain };
}

const isDataOf = (id: number) => (frame: Seen) => frame.type === FRAME.DATA && frame.stream === id;

test('streams that wait for room take turns', async (t) => {
  const { mux, frames, drain } = await createFullMux();
  t.teardown(() => mux.destroy());
  await drain();
  const order = frames().flatMap(({ type, stream: id }) => (type === FRAME.DATA ? [id] : []));
  // The first one fills the tunnel and has waited longer: a turn for it, then the other, then the rest of the first.
  t.deepEqual(order, [1, 1, 2, 1]);
});

test('a stream waits for room once, however often the other side gives it credit meanwhile', async (t) => {
  const { mux, socket, full, drain } = await createFullMux();
  t.teardown(() => mux.destroy());
  socket.push(Buffer.concat(Array.from({ length: 1000 }, () => buildControlFrame(FRAME.WINDOW, 1, 1))));
  await new Promise(setImmediate);
  let turns = 0;
  const write = full._write;
  full._write = (...given) => {
    turns += 1;
    write.apply(full, given);
  };
  await drain();
  t.true(turns > 0 && turns < 10, `${turns} turns`);
});

test('a stream that ends while it waits for room says nothing behind its end', async (t) => {
  const { mux, frames, late, drain } = await createFullMux();
  t.teardown(() => mux.destroy());
  late.destroy();
  await drain();
  const next = mux.open().on('error', () => undefined);
  next.write('next');
  await waitFor('the next stream', async () => {
    await drain();
    return frames().some(isDataOf(3));
  });
  const ofLate = frames().filter(({ stream }) => stream === 2);
  t.deepEqual(
    ofLate.map(({ type }) => type),
    [FRAME.OPEN, FRAME.RESET],
  );
});

test('parts that wait come out as they went in, small ones together', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(40_000), { maxLength: 30 }), fc.array(fc.boolean()), (sizes, takes) => {
      const queue = createPartQueue();
      const added: Buffer[] = [];
      const taken: Buffer[] = [];
      const take = () => {
        const part = queue.take();
        if (part !== undefined) taken.push(part);
        return part !== undefined;
      };
      for (const [index, size] of sizes.entries()) {
        const part = Buffer.alloc(size, index + 1);
        queue.add(part);
        added.push(part);
        if (takes[index]) take();
      }
      while (take());
      t.is(queue.bytes, 0);
      t.true(Buffer.concat(taken).equals(Buffer.concat(added)));
    }),
  );
  const queue = createPartQueue();
  for (let at = 0; at < 20_000; at += 1) queue.add(Buffer.from([at & 255]));
  t.deepEqual([queue.take()?.length, queue.take()?.length, queue.take()], [16_384, 3616, undefined]);
});

test('small frames of one turn leave together, large ones as they are', async (t) => {
  const written: number[][] = [];
  const socket = new Duplex({
    highWaterMark: 1 << 20,
    read: () => undefined,
    writev(chunks, done) {
      written.push(chunks.map(({ chunk }) => chunk.length));
      done();
    },
  });
  const batch = createFrameBatch(socket);
  for (let count = 0; count < 10; count += 1) batch.add(Buffer.alloc(8), Buffer.alloc(100));
  t.deepEqual([written, batch.unsentBytes], [[], 1080]);
  await new Promise(setImmediate);
  t.deepEqual(written, [[1080]]);
  batch.add(Buffer.alloc(8), Buffer.alloc(65_536));
  t.deepEqual([written[1], batch.unsentBytes], [[8, 65_536], 0]);
});
