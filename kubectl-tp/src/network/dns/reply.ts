// Makes a message for one asker: with the asker's number and spelling, TTLs as old as the answer is, and no longer than
// the asker can take.

import type { Answer } from './answer.ts';
import { buildOptions, type Options } from './edns.ts';
import { PLAIN_UDP_BYTES } from './limits.ts';
import type { Asked, Refusal } from './question.ts';
import type { DnsTransport } from './resolver.ts';
import {
  type DnsRecord,
  FLAG,
  flagsOf,
  HEADER_BYTES,
  OPCODE_BITS,
  QUESTION_AT,
  RCODE_BITS,
  type Rcode,
  writeCounts,
} from './wire.ts';

const ECHOED_BITS = FLAG.recursionDesired | FLAG.checkingDisabled;

export function buildReply(asked: Asked, answer: Answer, transport: DnsTransport, nowMs: number): Buffer {
  const options = buildOptionsFor(asked, {});
  const maxBytes = transport === 'tcp' ? 0xffff : udpBytes(asked);
  const kept = fitting(answer, maxBytes - options.length);
  const end = kept.at(-1)?.end ?? answer.questionEnd;
  const reply = Buffer.allocUnsafe(end + options.length);
  answer.message.copy(reply, 0, 0, end);
  options.copy(reply, end);
  const next = answer.records[kept.length];
  // What is only additional may be missing without a word (RFC 2181, 9).
  writeHeader(reply, asked, flagsOf(answer.message), next !== undefined && next.section !== 'additional');
  asked.spelling.copy(reply, QUESTION_AT);
  if (next !== undefined) writeCounts(reply, kept);
  if (options.length > 0) reply.writeUInt16BE(reply.readUInt16BE(10) + 1, 10);
  countDown(reply, kept, Math.floor((nowMs - answer.bornMs) / 1000));
  return reply;
}

/** An answer without an answer: why is for a person to read. */
export function buildFailure(asked: Asked, rcode: Rcode, options: Options): Buffer {
  const reply = Buffer.concat([Buffer.alloc(HEADER_BYTES), asked.spelling, buildOptionsFor(asked, options)]);
  writeHeader(reply, asked, rcode, false);
  reply.writeUInt16BE(1, 4);
  if (asked.edns !== undefined) reply.writeUInt16BE(1, 10);
  return reply;
}

/** The header alone: what came behind it may be anything. */
export function buildRefusal({ id, flags, rcode }: Refusal): Buffer {
  const reply = Buffer.alloc(HEADER_BYTES);
  reply.writeUInt16BE(id, 0);
  reply.writeUInt16BE(FLAG.isResponse | (flags & (OPCODE_BITS | ECHOED_BITS)) | rcode, 2);
  return reply;
}

/** Empty for one who knows no EDNS. */
function buildOptionsFor(asked: Asked, options: Options): Buffer {
  if (asked.edns === undefined) return Buffer.alloc(0);
  return buildOptions({ ...options, wantsDnssec: asked.wantsDnssec });
}

function udpBytes({ edns }: Asked): number {
  return Math.max(PLAIN_UDP_BYTES, edns?.udpBytes ?? 0);
}

/** As many records as fit, from the front: names may point back, never ahead. */
function fitting({ records, message }: Answer, maxBytes: number): readonly DnsRecord[] {
  if (message.length <= maxBytes) return records;
  return records.slice(
    0,
    records.findIndex(({ end }) => end > maxBytes),
  );
}

function writeHeader(reply: Buffer, asked: Asked, flags: number, isCut: boolean): void {
  const own =
    FLAG.isResponse |
    FLAG.recursionAvailable |
    (isCut ? FLAG.truncated : 0) |
    (asked.isRecursive ? FLAG.recursionDesired : 0) |
    (asked.isUnchecked ? FLAG.checkingDisabled : 0);
  reply.writeUInt16BE(asked.id, 0);
  reply.writeUInt16BE(own | (flags & (FLAG.authoritative | FLAG.authentic | RCODE_BITS)), 2);
}

function countDown(reply: Buffer, records: readonly DnsRecord[], seconds: number): void {
  if (seconds <= 0) return;
  for (const { ttlAt } of records) {
    reply.writeUInt32BE(Math.max(0, reply.readUInt32BE(ttlAt) - seconds), ttlAt);
  }
}
