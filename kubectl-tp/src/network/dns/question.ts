// What a program asks: read once, carried to whoever answers.

import { buildOptions } from './edns.ts';
import {
  CLASS_IN,
  endOfQuestion,
  FLAG,
  flagsOf,
  HEADER_BYTES,
  lowerCased,
  OPCODE_BITS,
  QUESTION_AT,
  RCODE,
  type Rcode,
  readRecords,
  TYPE,
} from './wire.ts';

/** What decides the answer: equal questions have equal answers, whoever asks. */
export type Question = {
  /** As on the wire, in small letters, one character a byte. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Signatures are wanted (RFC 3225). */
  readonly wantsDnssec: boolean;
  /** Answers are wanted even when their signatures are wrong (RFC 4035, 3.2.2). */
  readonly isUnchecked: boolean;
};

/** The same with what concerns this one asker only. */
export type Asked = Question & {
  readonly id: number;
  readonly isRecursive: boolean;
  /** Name, type and class as they were sent: some vary the case and want it back. */
  readonly spelling: Buffer;
  /** Undefined: the asker knows no EDNS (RFC 6891). */
  readonly edns: { readonly udpBytes: number; readonly version: number } | undefined;
};

/** A refusal to the asker, or undefined for something that no answer can be sent to. */
export type Refusal = { readonly id: number; readonly flags: number; readonly rcode: Rcode };

export function parseQuestion(message: Buffer): Asked | Refusal | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const id = message.readUInt16BE(0);
  const flags = flagsOf(message);
  // Answering an answer would make two resolvers talk for ever.
  if ((flags & FLAG.isResponse) !== 0) return undefined;
  if ((flags & OPCODE_BITS) !== 0) return { id, flags, rcode: RCODE.notImplemented };
  const end = endOfQuestion(message);
  const records = end === undefined ? undefined : readRecords(message, end);
  if (end === undefined || records === undefined) return { id, flags, rcode: RCODE.formatError };
  const type = message.readUInt16BE(end - 4);
  const questionClass = message.readUInt16BE(end - 2);
  const options = records.filter((record) => record.type === TYPE.OPT);
  if (type === TYPE.OPT || options.length > 1) return { id, flags, rcode: RCODE.formatError };
  // A transfer is many messages; other classes than Internet are nobody's here.
  const isOdd = type === TYPE.AXFR || type === TYPE.IXFR || (questionClass !== CLASS_IN && questionClass !== TYPE.ANY);
  if (isOdd) return { id, flags, rcode: RCODE.refused };
  const at = options[0]?.ttlAt;
  return {
    name: lowerCased(message.subarray(QUESTION_AT, end - 4)).toString('latin1'),
    type,
    class: questionClass,
    // In an OPT record the class is the size, the TTL holds version and flags (RFC 6891, 6.1.3).
    wantsDnssec: at !== undefined && (message.readUInt16BE(at + 2) & (1 << 15)) !== 0,
    isUnchecked: (flags & FLAG.checkingDisabled) !== 0,
    id,
    isRecursive: (flags & FLAG.recursionDesired) !== 0,
    spelling: Buffer.from(message.subarray(QUESTION_AT, end)),
    edns: at === undefined ? undefined : { udpBytes: message.readUInt16BE(at - 2), version: message.readUInt8(at + 1) },
  };
}

/** The message that asks another resolver. */
export function buildQuestion(question: Question, id: number): Buffer {
  const name = Buffer.from(question.name, 'latin1');
  const message = Buffer.alloc(QUESTION_AT + name.length + 4);
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(FLAG.recursionDesired | (question.isUnchecked ? FLAG.checkingDisabled : 0), 2);
  message.writeUInt16BE(1, 4);
  name.copy(message, QUESTION_AT);
  message.writeUInt16BE(question.type, QUESTION_AT + name.length);
  message.writeUInt16BE(question.class, QUESTION_AT + name.length + 2);
  // Only who wants signatures needs EDNS: old resolvers and middleboxes choke on it.
  if (!question.wantsDnssec) return message;
  message.writeUInt16BE(1, 10);
  return Buffer.concat([message, buildOptions({ wantsDnssec: true })]);
}
