import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import tls from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import type { Session } from '../../../control-plane/src/api/index.ts';
import { createAgentCertificates } from '../../../control-plane/src/certificates/agent-certificates.ts';
import { createAuthority, parseAuthority } from '../../../control-plane/src/certificates/authority.ts';
import { loadAuthority } from '../../../control-plane/src/certificates/authority-secret.ts';
import { issueKeyedCertificate } from '../../../control-plane/src/certificates/issue.ts';
import { parsePublicKey } from '../../../control-plane/src/certificates/keys.ts';
import { issueServingCertificate } from '../../../control-plane/src/certificates/serving-certificate.ts';
import {
  issueSessionCertificate,
  sessionRenewalTime,
} from '../../../control-plane/src/certificates/session-certificates.ts';
import { ensureWebhookCertificate } from '../../../control-plane/src/certificates/webhook-certificate.ts';
import { createKubernetesClient, type KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import { startFakeApi } from '../../helpers/fake-api.ts';
import { listen } from '../../helpers/loopback.ts';
import { INSTALL, SECRETS_PATH, sessionObject } from '../../helpers/shop.ts';

const HOUR_MS = 3600_000;
const { signal } = new AbortController();
const newAuthority = async (nowMs = Date.now()) => parseAuthority(await createAuthority(nowMs));

/** Connects as an agent; resolves with the names that each side has shown, rejects when either refuses. */
async function shakeHands(
  t: ExecutionContext,
  { server, client, servername }: { server: tls.TlsOptions; client: tls.ConnectionOptions; servername: string },
) {
  const listener = tls.createServer({ minVersion: 'TLSv1.3', requestCert: true, ...server });
  const port = await listen(t, listener, 'localhost');
  const accepted = once(listener, 'secureConnection') as Promise<[tls.TLSSocket]>;
  const socket = tls.connect({ port, host: 'localhost', servername, ...client });
  const refused = once(listener, 'tlsClientError').then(([error]) => Promise.reject(error));
  await Promise.race([once(socket, 'secureConnect'), refused]);
  const [peer] = await Promise.race([accepted, refused]);
  const names = {
    server: socket.getPeerCertificate().subjectaltname,
    client: peer.getPeerCertificate().subjectaltname,
  };
  refused.catch(() => undefined);
  socket.destroy();
  peer.destroy();
  return names;
}

test('agent and laptop know each other by the certificates made for them', async (t) => {
  const authority = await newAuthority();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const session = sessionObject(publicKey.export({ type: 'spki', format: 'pem' }).toString()) as Session;
  const laptop = await issueSessionCertificate(authority, session, Date.now());
  const agents = await createAgentCertificates(authority).provide(['shop/orders-1'], {
    isServed: () => true,
    nowMs: Date.now(),
  });
  const agent = agents.get('shop/orders-1');
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const names = await shakeHands(t, {
    server: { cert: laptop.certificate, key, ca: laptop.authority },
    client: { cert: agent?.certificateChain, key: agent?.privateKey, ca: agent?.authority } as tls.ConnectionOptions,
    servername: 'alice-1.session.tp',
  });
  t.deepEqual(names, {
    server: 'DNS:alice-1.session.tp, URI:spiffe://tp/session/alice-1',
    client: 'URI:spiffe://tp/ns/shop/pod/orders-1',
  });
});

test('a certificate of another authority, and one for the other role, are refused', async (t) => {
  const authority = await newAuthority();
  const other = await newAuthority();
  const issue = (from: typeof authority, usages: ('client' | 'server')[]) =>
    issueKeyedCertificate(from, { dnsNames: ['x.test'], usages, nowMs: Date.now() });
  const server = await issue(authority, ['server']);
  const serving = { cert: server.certificate, key: server.privateKey, ca: authority.bundle };
  for (const client of [await issue(other, ['client']), await issue(authority, ['server'])]) {
    const options = { cert: client.certificate, key: client.privateKey, ca: authority.bundle };
    await t.throwsAsync(shakeHands(t, { server: serving, client: options, servername: 'x.test' }));
  }
});

test('agents keep their certificate until two thirds of its life are over', async (t) => {
  const nowMs = Date.now();
  const certificates = createAgentCertificates(await newAuthority());
  const provide = (nodes: string[], served: string[], atMs: number) =>
    certificates.provide(nodes, { isServed: (node) => served.includes(node), nowMs: atMs });
  const first = await provide(['a/1', 'a/2', 'a/3'], ['a/1', 'a/2', 'a/3'], nowMs);
  t.is(certificates.nextRenewalMs(), nowMs + 16 * HOUR_MS);
  const later = await provide(['a/1'], ['a/1', 'a/2'], nowMs + 15 * HOUR_MS);
  t.deepEqual([...later.keys()], ['a/1']);
  t.is(later.get('a/1'), first.get('a/1'));
  const again = await provide(['a/1', 'a/2', 'a/3'], ['a/1', 'a/2', 'a/3'], nowMs + 15 * HOUR_MS);
  t.is(again.get('a/2'), first.get('a/2'), 'kept while nobody needed it');
  t.not(again.get('a/3'), first.get('a/3'), 'its pod was gone');
  const renewed = await provide(['a/1'], ['a/1', 'a/2'], nowMs + 17 * HOUR_MS);
  t.not(renewed.get('a/1')?.certificateChain, first.get('a/1')?.certificateChain);
  t.is(certificates.nextRenewalMs(), nowMs + 33 * HOUR_MS, 'one that nobody needs is not renewed, but forgotten');
  t.is(createAgentCertificates(await newAuthority()).nextRenewalMs(), Number.POSITIVE_INFINITY);
});

test("a session's certificate is due: never made, at two thirds, or of another authority", async (t) => {
  const nowMs = Date.now();
  const authority = await newAuthority();
  const session = sessionObject() as Session;
  t.is(sessionRenewalTime(session, authority), 0);
  const status = await issueSessionCertificate(authority, session, nowMs);
  t.is(sessionRenewalTime({ ...session, status }, authority), nowMs + 16 * HOUR_MS);
  t.is(sessionRenewalTime({ ...session, status }, await newAuthority()), 0);
});

const badKey = test.macro(async (t, make: () => string) => {
  await t.throwsAsync(parsePublicKey(make()), { code: 'PUBLIC_KEY_INVALID' });
});
const pem = (type: 'spki' | 'pkcs8', key: { export(options: object): string | Buffer }) =>
  key.export({ type, format: 'pem' }).toString();
test('refused key: RSA', badKey, () => pem('spki', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey));
test('refused key: another curve', badKey, () =>
  pem('spki', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
);
test('refused key: a private key', badKey, () =>
  pem('pkcs8', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
);
test('refused key: garbage', badKey, () => 'ssh-ed25519 AAAA');

test('two replicas that start together share one authority', async (t) => {
  const api = await startFakeApi();
  t.teardown(api.close);
  const load = () =>
    loadAuthority(createKubernetesClient(api.kubeConfig), { namespace: INSTALL, nowMs: Date.now(), signal });
  const [one, two] = await Promise.all([load(), load()]);
  t.is(one.bundle, two.bundle);
  t.is((await load()).bundle, one.bundle);
});

test('a damaged authority says what to do', async (t) => {
  const api = await startFakeApi();
  t.teardown(api.close);
  api.put(SECRETS_PATH, {
    metadata: { name: 'tp-authority', namespace: INSTALL },
    data: { 'ca.crt': 'AAAA' },
  } as never);
  const client = createKubernetesClient(api.kubeConfig);
  const error = await t.throwsAsync(loadAuthority(client, { namespace: INSTALL, nowMs: Date.now(), signal }));
  t.like(error, { code: 'AUTHORITY_INVALID' });
  t.regex((error as { hint?: string }).hint ?? '', /tp-authority/);
});

test('the webhook: issued, kept, renewed in time and when the authority is another', async (t) => {
  const api = await startFakeApi();
  t.teardown(api.close);
  const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  api.put(configurations, {
    metadata: { name: 'kubectl-tp' },
    webhooks: [{ clientConfig: {} }, { clientConfig: {} }],
  } as never);
  const patches: string[] = [];
  api.intercept = async (request, response, path) => {
    if (request.method !== 'PATCH' || !path.startsWith(configurations)) return false;
    for await (const chunk of request) patches.push(String(chunk));
    response.end('{"metadata":{"name":"kubectl-tp"}}');
    return true;
  };
  const client = createKubernetesClient(api.kubeConfig);
  const authority = await newAuthority();
  const ensure = (nowMs: number, from = authority) =>
    ensureWebhookCertificate({ client, authority: from, namespace: INSTALL, nowMs, signal });
  const stored = () =>
    api.find<KubernetesObject & { data: Record<string, string> }>(SECRETS_PATH, 'tp-webhook-certificate')?.data[
      'tls.crt'
    ];
  const nowMs = Date.now();
  const renewAtMs = await ensure(nowMs);
  const first = stored();
  t.deepEqual(
    JSON.parse(patches[0] ?? '').map(({ op, path }: { op: string; path: string }) => `${op} ${path}`),
    [
      'test /metadata/resourceVersion',
      'add /webhooks/0/clientConfig/caBundle',
      'add /webhooks/1/clientConfig/caBundle',
    ],
  );
  await ensure(renewAtMs - HOUR_MS);
  t.is(stored(), first);
  await ensure(renewAtMs + HOUR_MS);
  t.not(stored(), first);
  const second = stored();
  await ensure(nowMs, await newAuthority());
  t.not(stored(), second);
});

const disturbs = test.macro(
  async (t, disturb: (texts: Record<string, string>, other: { certificate: string; privateKey: string }) => object) => {
    const api = await startFakeApi();
    t.teardown(api.close);
    const client = createKubernetesClient(api.kubeConfig);
    const authority = await newAuthority();
    const nowMs = Date.now();
    const ensure = () => ensureWebhookCertificate({ client, authority, namespace: INSTALL, nowMs, signal });
    type Secret = KubernetesObject & { data: Record<string, string> };
    const stored = () => api.find<Secret>(SECRETS_PATH, 'tp-webhook-certificate');
    await ensure();
    const issued = stored();
    await ensure();
    t.deepEqual(stored(), issued, 'left alone while it is right');
    const texts = Object.entries(issued?.data ?? {}).map(([name, text]) => [name, decode(text)]);
    const usages = ['server' as const];
    const other = await issueKeyedCertificate(await newAuthority(), { dnsNames: ['x.test'], usages, nowMs });
    const disturbed = Object.entries(disturb(Object.fromEntries(texts), other));
    const data = Object.fromEntries(disturbed.map(([name, text]) => [name, Buffer.from(text).toString('base64')]));
    api.put(SECRETS_PATH, { ...(issued as Secret), data } as Secret);
    await ensure();
    const after = stored()?.data ?? {};
    const certificate = new X509Certificate(decode(after['tls.crt'] ?? ''));
    t.true(certificate.verify(new X509Certificate(authority.bundle).publicKey));
    t.notThrows(() => tls.createSecureContext({ cert: certificate.toString(), key: decode(after['tls.key'] ?? '') }));
  },
);
const decode = (text: string) => Buffer.from(text, 'base64').toString();
test('the webhook: made anew when its key is no key', disturbs, (texts) => ({ ...texts, 'tls.key': 'hello' }));
test("the webhook: made anew when its key is another certificate's", disturbs, (texts, { privateKey }) => ({
  ...texts,
  'tls.key': privateKey,
}));
test('the webhook: made anew when another authority made it', disturbs, (texts, other) => ({
  ...texts,
  'tls.crt': other.certificate,
  'tls.key': other.privateKey,
}));
test('the webhook: made anew when it is no certificate', disturbs, (texts) => ({ ...texts, 'tls.crt': 'hello' }));

test('all who read one authority find one key for gates, and nobody else does', async (t) => {
  const pem = await createAuthority(Date.now());
  const [first, second, other] = await Promise.all([parseAuthority(pem), parseAuthority(pem), newAuthority()]);
  t.true(first.gateKey.equals(second.gateKey));
  t.false(first.gateKey.equals(other.gateKey));
  t.is(first.gateKey.symmetricKeySize, 32);
});

test("the control plane's own certificate names its Service", async (t) => {
  const authority = await newAuthority();
  const { certificate } = await issueServingCertificate({ authority, namespace: INSTALL, now: Date.now });
  t.is(new X509Certificate(certificate).subjectAltName, 'DNS:tp-control-plane.kubectl-tp.svc');
});
