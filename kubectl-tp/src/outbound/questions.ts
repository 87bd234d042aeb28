// DNS questions to the cluster's resolver, any number at once over one stream (RFC 7766: answers come in any order). The
// resolver closes a stream that has been idle for seconds; the next question opens another.

import { randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { createDatagramReader, frameDatagram } from '@kubectl-tp/control-plane/protocol';
import { unlessAborted } from '../waiting/unless-aborted.ts';
import { DialError } from './dialer.ts';

const ID_COUNT = 0x1_0000;
/** Of every DNS message (RFC 1035, 4.1.1); what is shorter is no answer. */
const HEADER_BYTES = 12;

export type Questions = {
  /** A DNS message in, the answer to it out, with the id of the question. Asks once more when the stream breaks off. */
  ask(question: Buffer, signal: AbortSignal): Promise<Buffer>;
  close(): void;
};

type Waiter = { readonly resolve: (answer: Buffer) => void; readonly reject: (error: Error) => void };
type Line = { readonly stream: Duplex; readonly waiting: Map<number, Waiter> };

export function createQuestions(open: (signal: AbortSignal) => Promise<Duplex>): Questions {
  const closing = new AbortController();
  let line: Promise<Line> | undefined;

  function openLine(): Promise<Line> {
    const forget = () => {
      if (line === opening) line = undefined;
    };
    const opening = open(closing.signal).then((stream) => start(stream, forget));
    opening.catch(forget);
    line = opening;
    return opening;
  }

  function start(stream: Duplex, forget: () => void): Line {
    const waiting = new Map<number, Waiter>();
    const onAnswer = (answer: Buffer) => {
      if (answer.length < HEADER_BYTES) return;
      const id = answer.readUInt16BE(0);
      waiting.get(id)?.resolve(Buffer.from(answer));
      waiting.delete(id);
    };
    const lose = () => {
      // Before anybody hears of it and asks again.
      forget();
      stream.destroy();
      for (const { reject } of waiting.values()) reject(new DialError('lost', "The cluster's resolver hung up."));
      waiting.clear();
    };
    stream.on('data', createDatagramReader(onAnswer)).on('end', lose).on('close', lose);
    return { stream, waiting };
  }

  async function askOnce(question: Buffer, signal: AbortSignal): Promise<Buffer> {
    const { stream, waiting } = await unlessAborted(line ?? openLine(), signal);
    const id = freeId(waiting);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const giveUp = () => {
      waiting.delete(id);
      reject(signal.reason);
    };
    waiting.set(id, { resolve, reject });
    signal.addEventListener('abort', giveUp);
    try {
      stream.write(frameDatagram(withId(question, id)));
      return withId(await promise, question.readUInt16BE(0));
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  return {
    async ask(question, signal) {
      try {
        return await askOnce(question, signal);
      } catch (error) {
        if (signal.aborted || closing.signal.aborted) throw error;
        return askOnce(question, signal);
      }
    },
    close() {
      closing.abort(new DialError('lost', 'The network is being left.'));
      line?.then(({ stream }) => stream.destroy()).catch(() => undefined); // it never opened
    },
  };
}

/** There are far fewer questions under way than ids. */
function freeId(waiting: ReadonlyMap<number, unknown>): number {
  let id = randomInt(ID_COUNT);
  while (waiting.has(id)) id = (id + 1) % ID_COUNT;
  return id;
}

function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}
