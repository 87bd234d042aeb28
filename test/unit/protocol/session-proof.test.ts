// What a relay must remember of a proof, however its maker has filled it in.

import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { SignJWT } from 'jose';
import { signSessionProof, verifySessionProof } from '../../../control-plane/src/protocol/session-proof.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;
const CLAIM = {
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  session: 'me',
  relay: 'relay-0',
  nowMs: NOW_MS,
};

function signLongLived(id: string): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256' })
    .setSubject('me')
    .setAudience('relay-0')
    .setJti(id)
    .setIssuedAt(NOW)
    .setExpirationTime(NOW + 100 * 365 * 86_400)
    .sign(privateKey);
}

test('a proof is over 60 s after it was made, and 10 s for clocks', async (t) => {
  const proof = await signSessionProof(privateKey, { session: 'me', relay: 'relay-0', id: 'an-id', nowMs: NOW_MS });
  t.like(await verifySessionProof(proof, CLAIM), { id: 'an-id', expiresAtMs: NOW_MS + 70_000 });
});

test('one that claims a century is, too', async (t) => {
  const proof = await signLongLived('an-id');
  t.is((await verifySessionProof(proof, CLAIM)).expiresAtMs, NOW_MS + 70_000);
  await t.throwsAsync(verifySessionProof(proof, { ...CLAIM, nowMs: NOW_MS + 71_000 }), { code: 'ERR_JWT_EXPIRED' });
});

test('an id is short', async (t) => {
  await t.notThrowsAsync(verifySessionProof(await signLongLived('x'.repeat(64)), CLAIM));
  await t.throwsAsync(verifySessionProof(await signLongLived('x'.repeat(65)), CLAIM), {
    code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
  });
});
