// Which certificates are those of agents.

import { X509Certificate } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import type { Authority } from '../../../control-plane/src/certificates/authority.ts';
import { type CertificateRequest, issueKeyedCertificate } from '../../../control-plane/src/certificates/issue.ts';
import { createAgentVerifier } from '../../../kubectl-tp/src/tunnel/agent-certificate.ts';
import { createTestAuthority } from '../../helpers/tunnel-rig.ts';

const NOW = Date.now();
const DAY_MS = 24 * 3600_000;
const AGENT = 'spiffe://tp/ns/team-a/pod/web-1';

type Change = Partial<Omit<CertificateRequest, 'publicKey'>>;

async function issue(authority: Authority, change: Change = {}): Promise<X509Certificate> {
  const { certificate } = await issueKeyedCertificate(authority, {
    uris: [AGENT],
    usages: ['client'],
    nowMs: NOW,
    ...change,
  });
  return new X509Certificate(certificate);
}

test('an agent is known by its pod, again and again, until the certificate ends', async (t) => {
  const authority = await createTestAuthority();
  const verify = createAgentVerifier(authority.bundle);
  const certificate = await issue(authority);
  t.deepEqual(verify(certificate, NOW), { namespace: 'team-a', pod: 'web-1' });
  t.deepEqual(verify(certificate, NOW), { namespace: 'team-a', pod: 'web-1' });
  t.is(verify(certificate, NOW + 2 * DAY_MS), undefined);
  t.is(verify(certificate, NOW - DAY_MS), undefined);
});

test('while the authority changes, either may have issued it', async (t) => {
  const [old, fresh] = [await createTestAuthority(), await createTestAuthority()];
  const verify = createAgentVerifier(old.bundle + fresh.bundle);
  t.truthy(verify(await issue(old), NOW));
  t.truthy(verify(await issue(fresh), NOW));
});

const refused = test.macro({
  async exec(t: ExecutionContext, change: Change) {
    const authority = await createTestAuthority();
    t.is(createAgentVerifier(authority.bundle)(await issue(authority, change), NOW), undefined);
  },
  title: (what) => `not an agent: ${what}`,
});
test('a session', refused, { uris: ['spiffe://tp/session/me'], usages: ['server'] });
test('a server by usage', refused, { usages: ['server'] });
test('no URI', refused, { uris: [], dnsNames: ['web-1'] });
test('two URIs', refused, { uris: [AGENT, 'spiffe://tp/ns/team-b/pod/web-1'] });
test('a name that hides another', refused, { uris: ['spiffe://tp/session/x, URI:spiffe://tp/ns/team-a/pod/web-1'] });
test('a DNS name that looks like a URI', refused, { uris: [], dnsNames: [`x, URI:${AGENT}`] });
test('another trust domain', refused, { uris: ['spiffe://other/ns/team-a/pod/web-1'] });

test('not an agent: a certificate of somebody who calls himself the same authority', async (t) => {
  const [ours, theirs] = [await createTestAuthority(), await createTestAuthority()];
  t.is(createAgentVerifier(ours.bundle)(await issue(theirs), NOW), undefined);
});

test('an empty or damaged authority trusts nobody', async (t) => {
  t.is(createAgentVerifier('')(await issue(await createTestAuthority()), NOW), undefined);
});
