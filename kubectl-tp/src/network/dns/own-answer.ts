// Answers for names of the laptop's own, such as localhost.

import { isIP } from 'node:net';
import { type Answer as DnsRecord, encode } from 'dns-packet';
import { type Answer, buildEmptyAnswer, parseAnswer } from './answer.ts';
import { labelsOf } from './names.ts';
import type { Question } from './question.ts';
import { HEADER_BYTES, RCODE, TYPE } from './wire.ts';

const TTL_SECONDS = 5;
const TYPES = { 4: { name: 'A', number: TYPE.A }, 6: { name: 'AAAA', number: TYPE.AAAA } } as const;

/** Without records for a type that the name has none of. The name is of letters, digits, hyphens and underscores. */
export function buildOwnAnswer(question: Question, addresses: readonly string[], nowMs: number): Answer {
  const name = labelsOf(question.name).join('.');
  const empty = buildEmptyAnswer(question, RCODE.noError, nowMs);
  const answers = addresses.flatMap((address): DnsRecord[] => {
    const type = isIP(address) === 6 ? TYPES[6] : TYPES[4];
    const isAsked = question.type === type.number || question.type === TYPE.ANY;
    return isAsked ? [{ type: type.name, name, ttl: TTL_SECONDS, data: address }] : [];
  });
  if (answers.length === 0) return empty;
  const records = encode({ type: 'response', questions: [], answers }).subarray(HEADER_BYTES);
  const message = Buffer.concat([empty.message, records]);
  message.writeUInt16BE(answers.length, 6);
  return parseAnswer(question, message, nowMs) ?? empty;
}
