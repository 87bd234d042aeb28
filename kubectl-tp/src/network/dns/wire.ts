// The layout of DNS messages (RFC 1035, 4.1) as far as it matters for passing them on: where things begin and end. What
// stands in the records is not looked at, so that types unknown today pass unchanged.

export const HEADER_BYTES = 12;
/** Where the question's name begins, in every message that has one question. */
export const QUESTION_AT = HEADER_BYTES;
/** RFC 1035, 2.3.4. */
const MAX_NAME_BYTES = 255;

export const TYPE = { A: 1, SOA: 6, PTR: 12, AAAA: 28, OPT: 41, IXFR: 251, AXFR: 252, ANY: 255 } as const;
export const CLASS_IN = 1;
export const RCODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
} as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

/** Bits of the second 16 of the header (RFC 1035, 4.1.1; RFC 4035, 3.1.6). */
export const FLAG = {
  isResponse: 1 << 15,
  authoritative: 1 << 10,
  truncated: 1 << 9,
  recursionDesired: 1 << 8,
  recursionAvailable: 1 << 7,
  authentic: 1 << 5,
  checkingDisabled: 1 << 4,
} as const;
export const OPCODE_BITS = 0xf << 11;
export const RCODE_BITS = 0xf;

export const flagsOf = (message: Buffer): number => message.readUInt16BE(2);

export type DnsRecord = {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly type: number;
  /** Offset of the TTL; the class stands two bytes before, the data begin six bytes behind. */
  readonly ttlAt: number;
  readonly end: number;
};

/** Where the question ends; undefined unless the message has exactly one that is whole and spelled out. */
export function endOfQuestion(message: Buffer): number | undefined {
  if (message.length < HEADER_BYTES || message.readUInt16BE(4) !== 1) return undefined;
  const end = endOfName(message, QUESTION_AT);
  const isSpelledOut = end !== undefined && end - QUESTION_AT <= MAX_NAME_BYTES && message[end - 1] === 0;
  return isSpelledOut && end + 4 <= message.length ? end + 4 : undefined;
}

/** All records behind the question; undefined when the message does not have what its header counts. */
export function readRecords(message: Buffer, questionEnd: number): DnsRecord[] | undefined {
  const records: DnsRecord[] = [];
  let at = questionEnd;
  for (const { section, countAt } of SECTIONS) {
    for (let left = message.readUInt16BE(countAt); left > 0; left -= 1) {
      const nameEnd = endOfName(message, at);
      if (nameEnd === undefined || nameEnd + 10 > message.length) return undefined;
      const end = nameEnd + 10 + message.readUInt16BE(nameEnd + 8);
      if (end > message.length) return undefined;
      records.push({ section, type: message.readUInt16BE(nameEnd), ttlAt: nameEnd + 4, end });
      at = end;
    }
  }
  return records;
}

/** Whether a message answers just this question: with its number, and the same name, type and class. */
export function isAnswerTo(question: Buffer, answer: Buffer): boolean {
  const end = endOfQuestion(question);
  if (end === undefined || endOfQuestion(answer) !== end || (flagsOf(answer) & FLAG.isResponse) === 0) return false;
  const asked = (message: Buffer) => lowerCased(message.subarray(QUESTION_AT, end));
  return answer.readUInt16BE(0) === question.readUInt16BE(0) && asked(question).equals(asked(answer));
}

/** Writes how many of these records there are in each section. */
export function writeCounts(message: Buffer, records: readonly DnsRecord[]): void {
  for (const { section, countAt } of SECTIONS) {
    message.writeUInt16BE(records.filter((record) => record.section === section).length, countAt);
  }
}

/** In small letters, ASCII only, as names are compared (RFC 4343). Lengths of labels are no letters. */
export function lowerCased(name: Buffer): Buffer {
  return Buffer.from(name).map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)) as Buffer;
}

const SECTIONS = [
  { section: 'answer', countAt: 6 },
  { section: 'authority', countAt: 8 },
  { section: 'additional', countAt: 10 },
] as const;

function endOfName(message: Buffer, offset: number): number | undefined {
  let at = offset;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1;
    // A pointer to an earlier name ends this one (4.1.4).
    if (length >= 0xc0) return at + 2 <= message.length ? at + 2 : undefined;
    if (length > 63) return undefined;
    at += length + 1;
  }
}
