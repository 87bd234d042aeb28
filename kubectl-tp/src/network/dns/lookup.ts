// Addresses of a name, for code of this process: the resolver asked without a network in between.

import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { type DecodedPacket, decode, encode } from 'dns-packet';
import { EXTENDED_ERROR } from './edns.ts';
import type { Resolver } from './resolver.ts';
import { FLAG, RCODE, RCODE_BITS } from './wire.ts';

const TYPES = { 4: ['A'], 6: ['AAAA'], any: ['A', 'AAAA'] } as const;
const NAME = /^(?!.{254})([^.\s]{1,63}\.)*[^.\s]{1,63}\.?$/;

/** IPv4 first. Empty: there is no such name, or it has no address. Rejects when nobody could be asked. */
export async function lookup(resolver: Resolver, name: string, family?: 4 | 6): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  const ascii = /^[\x21-\x7e]*$/.test(name) ? name : domainToASCII(name);
  if (!NAME.test(ascii)) return [];
  const packets = await Promise.all(TYPES[family ?? 'any'].map((type) => ask(resolver, ascii, type)));
  const addresses = packets.flatMap(({ answers = [] }) =>
    answers.flatMap((record) => (record.type === 'A' || record.type === 'AAAA' ? [record.data] : [])),
  );
  const failed = packets.find(
    ({ flags = 0 }) => ![RCODE.noError, RCODE.noSuchName].some((code) => code === (flags & RCODE_BITS)),
  );
  if (addresses.length === 0 && failed !== undefined) throw new Error(`cannot resolve ${name}${reasonOf(failed)}`);
  return addresses;
}

async function ask(resolver: Resolver, name: string, type: 'A' | 'AAAA'): Promise<DecodedPacket> {
  const options = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 0xffff,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
  } as const;
  const question = encode({
    type: 'query',
    flags: FLAG.recursionDesired,
    questions: [{ type, name }],
    additionals: [{ ...options, flag_do: false, options: [] }],
  });
  return decode(await resolver.answer(question, 'tcp'));
}

/** What the resolver says besides the bare code (RFC 8914), behind the code's two bytes. */
function reasonOf({ additionals = [] }: DecodedPacket): string {
  const options = additionals.flatMap((record) => (record.type === 'OPT' ? record.options : []));
  const error = options.find(({ code }) => Number(code) === EXTENDED_ERROR);
  return error?.data === undefined ? '' : `: ${error.data.subarray(2)}`;
}
