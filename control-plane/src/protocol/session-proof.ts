// A session's proof to a relay: a JWT signed by the session's private key (ES256), made for one relay pod, short-lived.

import { createPublicKey, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';

/** Long enough for a slow link and clocks a few seconds apart; a relay remembers used proofs for that long. */
const PROOF_LIFETIME_SECONDS = 60;
const CLOCK_TOLERANCE_SECONDS = 10;
/** A UUID has 36; a relay remembers ids. */
const MAX_ID_LENGTH = 64;
const ALGORITHM = 'ES256';

export type ProofClaims = { session: string; relay: string; id: string; expiresAtMs: number };

/** Signs a proof for one relay pod. `nowMs` is the laptop's clock; `id` makes the proof usable once. */
export function signSessionProof(
  key: KeyObject,
  { session, relay, id, nowMs }: { session: string; relay: string; id: string; nowMs: number },
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: ALGORITHM })
    .setSubject(session)
    .setAudience(relay)
    .setJti(id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + PROOF_LIFETIME_SECONDS)
    .sign(key);
}

/**
 * Checks a proof against the Session's public key (PEM). Throws jose's errors on a bad signature, another audience, an
 * expired proof or a lengthy id. However long a proof claims to live, it ends PROOF_LIFETIME_SECONDS after it was made.
 */
export async function verifySessionProof(
  proof: string,
  { publicKey, session, relay, nowMs }: { publicKey: string; session: string; relay: string; nowMs: number },
): Promise<ProofClaims> {
  const { payload } = await jwtVerify(proof, createPublicKey(publicKey), {
    algorithms: [ALGORITHM],
    subject: session,
    audience: relay,
    requiredClaims: ['jti', 'iat', 'exp'],
    maxTokenAge: PROOF_LIFETIME_SECONDS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(nowMs),
  });
  const { jti: id = '', iat = 0, exp = 0 } = payload;
  if (id.length > MAX_ID_LENGTH) throw new errors.JWTClaimValidationFailed('"jti" is too long', payload, 'jti');
  const expiresAt = Math.min(exp, iat + PROOF_LIFETIME_SECONDS) + CLOCK_TOLERANCE_SECONDS;
  return { session, relay, id, expiresAtMs: expiresAt * 1000 };
}
