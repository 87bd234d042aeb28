// Notes which addresses the cluster's resolver gives to the cluster's own names, and to names of the outside that are to
// be reached from there: the way to them is through a relay.

import { type DecodedPacket, decode } from 'dns-packet';
import type { DnsUpstream } from './dns/resolver.ts';

export type LearningOptions = {
  readonly clusterDomain: string;
  /** With all names below them; in small letters. */
  readonly alsoNames?: readonly string[];
  /** The answer waits until programs can make use of it. */
  readonly learn: (address: string) => Promise<void>;
};

export function createLearningUpstream(
  ask: DnsUpstream,
  { clusterDomain, alsoNames = [], learn }: LearningOptions,
): DnsUpstream {
  return async (question, signal) => {
    const answer = await ask(question, signal);
    const { questions = [], answers = [], additionals = [] } = decoded(answer);
    const isAsked = questions.some(({ name }) => alsoNames.some((known) => isBelow(name, known)));
    const addresses = [...answers, ...additionals].flatMap((record) => {
      if (record.type !== 'A' && record.type !== 'AAAA') return [];
      // An ExternalName leads out of the cluster: its address belongs to somebody else.
      return isAsked || isBelow(record.name, clusterDomain) ? [record.data] : [];
    });
    await Promise.all(addresses.map(learn));
    return answer;
  };
}

function isBelow(name: string, domain: string): boolean {
  const small = name.toLowerCase();
  return small === domain || small.endsWith(`.${domain}`);
}

function decoded(message: Buffer): Partial<DecodedPacket> {
  try {
    return decode(message);
  } catch {
    return {}; // the resolver refuses it, too
  }
}
