// Notes which addresses the cluster's resolver gives to the cluster's own names: they are reached through a relay.

import { decode } from 'dns-packet';
import type { DnsUpstream } from './dns/resolver.ts';

export type LearningOptions = { readonly clusterDomain: string; readonly learn: (address: string) => void };

export function createLearningUpstream(ask: DnsUpstream, { clusterDomain, learn }: LearningOptions): DnsUpstream {
  const suffix = `.${clusterDomain}`;
  return async (question, signal) => {
    const answer = await ask(question, signal);
    for (const record of addressRecords(answer)) {
      // An ExternalName leads out of the cluster: its address belongs to somebody else.
      if (record.name.toLowerCase().endsWith(suffix)) learn(record.data);
    }
    return answer;
  };
}

function addressRecords(message: Buffer): { name: string; data: string }[] {
  try {
    const { answers = [], additionals = [] } = decode(message);
    return [...answers, ...additionals].flatMap((record) =>
      record.type === 'A' || record.type === 'AAAA' ? [{ name: record.name, data: record.data }] : [],
    );
  } catch {
    return []; // the resolver refuses it, too
  }
}
