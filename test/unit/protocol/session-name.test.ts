import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { isSessionNameOf, sessionNameFor } from '../../../control-plane/src/protocol/index.ts';

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = ({ publicKey }: ReturnType<typeof keyPair>) =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();

test('a name belongs to one key', (t) => {
  const [mine, other] = [pemOf(keyPair()), pemOf(keyPair())];
  const name = sessionNameFor('alice', mine);
  t.regex(name, /^alice-[0-9a-f]{20}$/);
  t.is(sessionNameFor('alice', mine), name);
  t.true(isSessionNameOf(name, mine));
  t.false(isSessionNameOf(name, other));
  t.false(isSessionNameOf(name.slice('alice-'.length), mine));
  t.false(isSessionNameOf('', mine));
});

test('however the key is written', (t) => {
  const pem = pemOf(keyPair());
  const oneLine = createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64');
  const other = `-----BEGIN PUBLIC KEY-----\n${oneLine}\n-----END PUBLIC KEY-----`;
  t.true(isSessionNameOf(sessionNameFor('alice', pem), other));
});

test('the longest name is still a DNS label', (t) => {
  t.is(sessionNameFor('x'.repeat(42), pemOf(keyPair())).length, 63);
});
