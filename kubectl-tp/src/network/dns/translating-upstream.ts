// The cluster's resolver as a laptop sees it whose addresses for the cluster are not the cluster's own: addresses in
// answers are translated on their way out, names of the reverse zones on their way in and back.

import { formatAddress, parseAddress } from '@kubectl-tp/control-plane/addresses';
import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import type { AddressTranslation } from '../address-translation.ts';
import { addressOfReverseName, reverseNameOf } from './names.ts';
import type { DnsUpstream } from './resolver.ts';
import { endOfQuestion, FLAG, flagsOf, readRecords, TYPE } from './wire.ts';

type Translation = Pick<AddressTranslation, 'shownOf' | 'realOf'>;

export function createTranslatingUpstream(ask: DnsUpstream, translation: Translation): DnsUpstream {
  return async (question, signal) => {
    const renamed = realReverseName(decode(question), translation);
    if (renamed === undefined) return translateAddresses(await ask(question, signal), translation);
    const answer = await ask(encode(rename(decode(question), renamed.shown, renamed.real) as Packet), signal);
    return encode(rename(decode(answer), renamed.real, renamed.shown) as Packet);
  };
}

/** Both names of the address that is asked about; undefined when it has one only. */
function realReverseName({ questions = [] }: DecodedPacket, { realOf }: Translation) {
  const shown = questions[0]?.name ?? '';
  const address = addressOfReverseName(shown.toLowerCase().split('.'));
  if (address === undefined) return undefined;
  const real = realOf(address);
  return real === address ? undefined : { shown, real: reverseNameOf(real) };
}

/** Names are the same in upper and lower case (RFC 4343). */
function rename(message: DecodedPacket, from: string, to: string): DecodedPacket {
  const wanted = from.toLowerCase();
  const renamed = <T extends { readonly name: string }>(records: readonly T[] | undefined): T[] =>
    (records ?? []).map((record) => (record.name.toLowerCase() === wanted ? { ...record, name: to } : record));
  return { ...message, questions: renamed(message.questions), answers: renamed(message.answers) };
}

/** In place, since addresses are as long as those that stand for them: everything else stays byte for byte. */
function translateAddresses(message: Buffer, { shownOf }: Translation): Buffer {
  const end = endOfQuestion(message);
  const records = end === undefined ? [] : (readRecords(message, end) ?? []);
  const translated = Buffer.from(message);
  for (const { type, ttlAt, end: recordEnd } of records) {
    const data = translated.subarray(ttlAt + 6, recordEnd);
    if (data.length !== ADDRESS_BYTES.get(type)) continue;
    const address = formatAddress(data);
    const shown = shownOf(address);
    if (shown === address) continue;
    parseAddress(shown).copy(data);
    // No longer what was signed (RFC 4035, 3.2.3).
    translated.writeUInt16BE(flagsOf(translated) & ~FLAG.authentic, 2);
  }
  return translated;
}

const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [TYPE.A, 4],
  [TYPE.AAAA, 16],
]);
