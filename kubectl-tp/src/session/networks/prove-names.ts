// Proves that the cluster's resolver is reached, by a name that every cluster has.

import { randomInt } from 'node:crypto';
import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import { TpError } from '../../errors.ts';
import { API_SERVER_NAME } from '../../network/cluster-names.ts';
import type { DnsUpstream } from '../../network/dns/resolver.ts';

/** The first answer opens a connection to the resolver; a laptop far away needs a few round trips. */
const TIMEOUT_MS = 5000;
const ID_COUNT = 0x1_0000;

/** Resolves with what was found. Throws CLUSTER_DNS_FAILED. */
export async function proveNames(ask: DnsUpstream, signal?: AbortSignal): Promise<{ readonly address: string }> {
  const question = encode({
    type: 'query',
    id: randomInt(ID_COUNT),
    flags: RECURSION_DESIRED,
    questions: [{ type: 'A', name: API_SERVER_NAME }],
  });
  let found: readonly Answer[] = [];
  try {
    found = decode(await ask(question, limited(signal))).answers ?? [];
  } catch (error) {
    signal?.throwIfAborted();
    throw failed(error instanceof Error ? error.message : String(error), error);
  }
  const [address] = found.flatMap((record) => (record.type === 'A' ? [record.data] : []));
  if (address === undefined) throw failed(`it does not know ${API_SERVER_NAME}`);
  return { address };
}

function limited(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  return signal === undefined ? limit : AbortSignal.any([signal, limit]);
}

function failed(why: string, cause?: unknown): TpError {
  return new TpError('CLUSTER_DNS_FAILED', `The resolver of the cluster does not answer: ${why}`, {
    hint: 'See whether it runs: kubectl -n kube-system get pods -l k8s-app=kube-dns',
    cause,
  });
}
