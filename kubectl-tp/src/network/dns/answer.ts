// An answer as it is kept: whole, without what belongs to the one who asked. What came from another resolver is kept byte
// for byte, so that types which nobody here knows pass unharmed.

import { MAX_NEGATIVE_MS, MAX_POSITIVE_MS, MIN_NEGATIVE_MS } from './limits.ts';
import type { Question } from './question.ts';
import {
  type DnsRecord,
  endOfQuestion,
  FLAG,
  flagsOf,
  HEADER_BYTES,
  QUESTION_AT,
  RCODE,
  RCODE_BITS,
  type Rcode,
  readRecords,
  TYPE,
  writeCounts,
} from './wire.ts';

/** What the length in front of a message over TCP can say. */
const MAX_MESSAGE_BYTES = 0xffff;

export type Answer = {
  /** The number is nobody's; TTLs are those of `bornMs`. Has no OPT record. */
  readonly message: Buffer;
  readonly questionEnd: number;
  readonly records: readonly DnsRecord[];
  readonly rcode: number;
  readonly bornMs: number;
  /** How long it may be given to others; 0: not at all. */
  readonly lifeMs: number;
};

/** Reads a message of another resolver that is known to answer this question. Undefined: it is broken, or cut. */
export function parseAnswer(question: Question, message: Buffer, bornMs: number): Answer | undefined {
  const questionEnd = message.length > MAX_MESSAGE_BYTES ? undefined : endOfQuestion(message);
  const all = questionEnd === undefined ? undefined : readRecords(message, questionEnd);
  if (questionEnd === undefined || all === undefined || (flagsOf(message) & FLAG.truncated) !== 0) return undefined;
  // OPT is between two neighbours (RFC 6891, 6.1.1). It is last but for signatures of the whole message, which end here, too.
  const optionsAt = all.findIndex(({ type }) => type === TYPE.OPT);
  const options = all[optionsAt];
  // Results beyond 15 are about EDNS itself: no answer.
  if (options !== undefined && message[options.ttlAt] !== 0) return undefined;
  const records = options === undefined ? all : all.slice(0, optionsAt);
  const whole = Buffer.from(message.subarray(0, records.at(-1)?.end ?? questionEnd));
  writeCounts(whole, records);
  const rcode = flagsOf(whole) & RCODE_BITS;
  return { message: whole, questionEnd, records, rcode, bornMs, lifeMs: lifeMsOf(question, whole, rcode, records) };
}

/** An answer of our own without any record. */
export function buildEmptyAnswer(question: Question, rcode: Rcode, nowMs: number): Answer {
  const name = Buffer.from(question.name, 'latin1');
  const questionEnd = QUESTION_AT + name.length + 4;
  const message = Buffer.alloc(questionEnd);
  message.writeUInt16BE(FLAG.isResponse | rcode, 2);
  message.writeUInt16BE(1, 4);
  name.copy(message, HEADER_BYTES);
  message.writeUInt16BE(question.type, questionEnd - 4);
  message.writeUInt16BE(question.class, questionEnd - 2);
  return { message, questionEnd, records: [], rcode, bornMs: nowMs, lifeMs: MAX_NEGATIVE_MS };
}

/** What says that there is something lives by its shortest TTL; what says that there is nothing, by RFC 2308, 5. */
function lifeMsOf(question: Question, message: Buffer, rcode: number, records: readonly DnsRecord[]): number {
  if (rcode !== RCODE.noError && rcode !== RCODE.noSuchName) return 0;
  const ttlMs = ({ ttlAt }: DnsRecord) => message.readUInt32BE(ttlAt) * 1000;
  const answers = records.filter(({ section }) => section === 'answer');
  const isPositive =
    rcode === RCODE.noError && answers.some(({ type }) => type === question.type || question.type === TYPE.ANY);
  if (isPositive) return Math.min(MAX_POSITIVE_MS, ...answers.map(ttlMs));
  const authority = records.find(({ section, type }) => section === 'authority' && type === TYPE.SOA);
  if (authority === undefined) return MIN_NEGATIVE_MS;
  const minimumMs = message.readUInt32BE(authority.end - 4) * 1000;
  return Math.max(MIN_NEGATIVE_MS, Math.min(MAX_NEGATIVE_MS, minimumMs, ttlMs(authority)));
}
