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

type Spec = { publicKey?: string; owner?: string; ownerGroups?: string[] };

function admit(spec: Spec, name = 'alice-1', groups?: string[]) {
  const object = { metadata: { name }, spec: { clientVersion: '0.1.0', ...spec } };
  const userInfo = { username: 'alice', ...(groups && { groups }) };
  return admitSession({ uid: 'u', operation: 'CREATE', userInfo, object });
}

test('the owner is whoever asks, whatever the object says', (t) => {
  const publicKey = pemOf('P-256');
  const admission = admit({ publicKey, owner: 'bob' }, sessionNameFor('alice', publicKey));
  t.like(admission, { outcome: 'allowed', object: { spec: { owner: 'alice', clientVersion: '0.1.0' } } });
});

const stamped = test.macro((t, asked: string[] | undefined, groups: string[] | undefined, expected: string[]) => {
  const publicKey = pemOf('P-256');
  const spec = asked === undefined ? { publicKey } : { publicKey, ownerGroups: asked };
  const admission = admit(spec, sessionNameFor('alice', publicKey), groups);
  t.deepEqual((admission as { object: { spec: Spec } }).object.spec.ownerGroups, expected);
});
const MANY = Array.from({ length: 200 }, (_, index) => `group-${index}`);
test('groups: those of whoever asks', stamped, undefined, ['developers'], ['developers']);
test('groups: none by claim', stamped, ['system:masters'], ['developers'], ['developers']);
test('groups: none by claim where the API server names none', stamped, ['system:masters'], undefined, []);
test('groups: as many as the CRD takes', stamped, undefined, MANY, MANY.slice(0, 128));
test('groups: none too long for the CRD', stamped, undefined, ['x'.repeat(257), 'short'], ['short']);

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
