import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { sessionNameFor } from '../../../control-plane/src/protocol/index.ts';
import { admitSession } from '../../../webhook/src/admission/admit-session.ts';

const pemOf = (curve: string) =>
  generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' });
const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

function admit(spec: { publicKey?: string; owner?: string }, name = 'alice-1') {
  const object = { metadata: { name }, spec: { clientVersion: '0.1.0', ...spec } };
  return admitSession({ uid: 'u', operation: 'CREATE', userInfo: { username: 'alice' }, object });
}

test('the owner is whoever asks, whatever the object says', (t) => {
  const publicKey = pemOf('P-256');
  const admission = admit({ publicKey, owner: 'bob' }, sessionNameFor('alice', publicKey));
  t.like(admission, { outcome: 'allowed', object: { spec: { owner: 'alice', clientVersion: '0.1.0' } } });
});

const KEYS: Record<string, string> = {
  'another curve': pemOf('P-384'),
  RSA: rsa.toString(),
  'a private key': privateKey.toString(),
  'no key': 'hello',
  'PEM of nothing': '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
};
for (const [what, publicKey] of Object.entries(KEYS)) {
  test(`a key that proves nothing: ${what}`, (t) => {
    t.like(admit({ publicKey }), { outcome: 'refused', error: 'SESSION_KEY_INVALID' });
  });
}

test("a name that is not the key's", (t) => {
  const [mine, other] = [pemOf('P-256'), pemOf('P-256')];
  for (const name of ['alice-1', sessionNameFor('alice', other), sessionNameFor('alice', mine).slice(0, -1)]) {
    t.like(admit({ publicKey: mine }, name), { outcome: 'refused', error: 'SESSION_NAME_INVALID' });
  }
});

test('a name that cannot be part of a server name, and no key at all', (t) => {
  t.like(admit({ publicKey: pemOf('P-256') }, 'a.b'), { error: 'NAME_INVALID' });
  t.like(admit({ publicKey: pemOf('P-256') }, 'x'.repeat(64)), { error: 'NAME_INVALID' });
  t.like(admit({}), { error: 'SPEC_INVALID' });
});
