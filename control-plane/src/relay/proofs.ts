// Decides whether a laptop may open a session's tunnel: the proof is genuine, for this relay, and used for the first time.

import { DNS_LABEL, verifySessionProof } from '../protocol/index.ts';
import { RelayError } from './errors.ts';

/** Proofs are remembered for a minute; looking through all of them for each new one would be work without bound. */
const SWEEP_INTERVAL_MS = 1000;

export type ProofChecker = {
  /** Resolves with the session's name; throws RelayError with the reason of a refusal. */
  check(claim: { session: string; proof: string }): Promise<string>;
};

export function createProofChecker({
  relay,
  findKey,
  now,
}: {
  /** Name of this pod, the audience of proofs. */
  relay: string;
  findKey: (session: string) => Promise<string | undefined>;
  now: () => number;
}): ProofChecker {
  /** Ids of used proofs and when they stop being valid anyway. */
  const used = new Map<string, number>();
  let sweptAtMs = 0;

  function use(id: string, expiresAtMs: number): void {
    if (now() - sweptAtMs > SWEEP_INTERVAL_MS) sweep();
    if (used.has(id)) throw new RelayError('PROOF_REPLAYED');
    used.set(id, expiresAtMs);
  }

  function sweep(): void {
    sweptAtMs = now();
    for (const [id, expiresAtMs] of used) if (expiresAtMs < sweptAtMs) used.delete(id);
  }

  return {
    async check({ session, proof }) {
      if (!DNS_LABEL.test(session))
        throw new RelayError('TUNNEL_REQUEST_INVALID', 'The name of the session is malformed.');
      if (proof === '') throw new RelayError('PROOF_MISSING');
      const publicKey = await findKey(session);
      if (publicKey === undefined) throw new RelayError('TUNNEL_SESSION_UNKNOWN', `Session ${session} does not exist.`);
      const { id, expiresAtMs } = await verify(proof, { publicKey, session, relay, nowMs: now() });
      use(`${session}/${id}`, expiresAtMs);
      return session;
    },
  };
}

async function verify(proof: string, claim: Parameters<typeof verifySessionProof>[1]) {
  try {
    return await verifySessionProof(proof, claim);
  } catch (error) {
    throw new RelayError('PROOF_INVALID', undefined, { cause: error });
  }
}
