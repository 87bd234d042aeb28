// How much a stream may have on its way, over a link where a round trip is a step of the test: no clock, so that what is
// counted are round trips.

import { Duplex, Readable } from 'node:stream';
import test from 'ava';
import { createMux, LARGE_WINDOWS_BYTES, type Mux } from '../../../control-plane/src/protocol/mux/mux.ts';
import { FIRST_WINDOW_BYTES, MAX_WINDOW_BYTES } from '../../../control-plane/src/protocol/mux/mux-stream.ts';

const PIECE = Buffer.alloc(64 << 10);
/** More than there is room for in large windows. */
const EARLIER = 45;
/** Turns of the event loop after which both ends have done what they can. */
const TURNS = 200;

type Link = {
  readonly relay: Mux;
  readonly laptop: Mux;
  /** Brings to the laptop what is on its way, `atMost` so many bytes, and to the relay all of it. */
  roundTrip(atMost?: number): Promise<void>;
};

/** The relay opens streams; the laptop reads what `onStream` reads. */
function createLink(onStream: (stream: Duplex) => void): Link {
  const [atRelay, atLaptop] = [createEnd(), createEnd()];
  const onClose = () => undefined;
  return {
    relay: createMux(atRelay.end, { role: 'opener', onClose }),
    laptop: createMux(atLaptop.end, { role: 'acceptor', onStream, onClose }),
    async roundTrip(atMost = Number.POSITIVE_INFINITY) {
      await settle();
      atRelay.deliver(atLaptop.end, atMost);
      await settle();
      atLaptop.deliver(atRelay.end, Number.POSITIVE_INFINITY);
    },
  };
}

function createEnd() {
  let written: Buffer[] = [];
  const end = new Duplex({
    read: () => undefined,
    // The link takes everything at once: only windows hold data back.
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  const deliver = (to: Duplex, atMost: number) => {
    const waiting = Buffer.concat(written);
    const part = waiting.subarray(0, atMost);
    written = waiting.length > part.length ? [waiting.subarray(part.length)] : [];
    if (part.length > 0) to.push(part);
  };
  return { end, deliver };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate);
}

/** A stream of the relay that always has something to send. */
function send(relay: Mux): Duplex {
  const stream = relay.open();
  stream.on('error', () => undefined);
  new Readable({
    read() {
      this.push(PIECE);
    },
  }).pipe(stream);
  return stream;
}

test('a reader that keeps up has the largest window after three round trips', async (t) => {
  let received = 0;
  const { relay, laptop, roundTrip } = createLink((stream) => {
    stream.on('data', (part: Buffer) => {
      received += part.length;
    });
  });
  send(relay);
  const perRoundTrip: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    const before = received;
    await roundTrip();
    perRoundTrip.push(received - before);
  }
  const [first = 0, , , fourth = 0] = perRoundTrip;
  t.is(first, 256 << 10);
  t.true(fourth > MAX_WINDOW_BYTES / 2, `${perRoundTrip}`);
  relay.destroy();
  laptop.destroy();
});

test('a window comes back before it is used up: the link is never idle', async (t) => {
  let received = 0;
  const { relay, laptop, roundTrip } = createLink((stream) => {
    stream.on('data', (part: Buffer) => {
      received += part.length;
    });
  });
  send(relay);
  for (let count = 0; count < 5; count += 1) await roundTrip();
  // In each round trip the link carries two thirds of the window.
  const carried = Math.floor((MAX_WINDOW_BYTES * 2) / 3);
  for (let count = 0; count < 4; count += 1) {
    const before = received;
    await roundTrip(carried);
    t.true(received - before > carried * 0.99, `${received - before} of ${carried}`);
  }
  relay.destroy();
  laptop.destroy();
});

test('a stream that comes late gets a larger window, however many have one', async (t) => {
  const received: number[] = [];
  const { relay, laptop, roundTrip } = createLink((stream) => {
    const index = received.push(0) - 1;
    stream.on('data', (part: Buffer) => {
      received[index] = (received[index] ?? 0) + part.length;
    });
  });
  for (let count = 0; count < EARLIER; count += 1) send(relay);
  for (let count = 0; count < 5; count += 1) await roundTrip();
  send(relay);
  for (let count = 0; count < 2; count += 1) await roundTrip();
  const before = received[EARLIER] ?? 0;
  await roundTrip();
  t.true((received[EARLIER] ?? 0) - before > 512 << 10, `${received}`);
  relay.destroy();
  laptop.destroy();
});

test('the windows of a tunnel are bounded together, and what a stream had of them is there when it has ended', async (t) => {
  let received = 0;
  const { relay, laptop, roundTrip } = createLink((stream) => {
    stream.on('error', () => undefined);
    stream.on('data', (part: Buffer) => {
      received += part.length;
    });
  });
  const carry = async (rounds: number) => {
    let last = 0;
    for (let count = 0; count < rounds; count += 1) {
      const before = received;
      await roundTrip();
      last = received - before;
    }
    return last;
  };
  const earlier = Array.from({ length: EARLIER }, () => send(relay));
  const together = await carry(6);
  t.true(together > LARGE_WINDOWS_BYTES / 2, `${together}`);
  t.true(together <= LARGE_WINDOWS_BYTES + EARLIER * FIRST_WINDOW_BYTES, `${together}`);
  for (const stream of earlier) stream.destroy();
  await roundTrip();
  send(relay);
  const alone = await carry(5);
  t.true(alone > MAX_WINDOW_BYTES / 2, `${alone}`);
  relay.destroy();
  laptop.destroy();
});
