// Keys and certificates of the lab. Made once and kept when the cluster stops, so that a kubeconfig that somebody copied
// stays good.

import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority, SubjectNames } from './certificates.ts';
import { clients } from './kubeconfigs.ts';
import { API_SERVICE_IP, type Lab, type LabNode } from './lab.ts';

/** Makes what is missing. Afterwards `pki` holds every key and certificate that the daemons name. */
export async function ensureKeys(lab: Lab): Promise<void> {
  const { pki } = lab.folders;
  const done = join(pki, 'done');
  if (existsSync(done)) return;
  // Loaded late: the certificate library takes longer than a start with keys that are there.
  const { createAuthority, issue } = await import('./certificates.ts');
  await mkdir(pki, { recursive: true, mode: 0o700 });
  const ca = await createAuthority(pki, 'ca', 'lab-ca');
  const frontCa = await createAuthority(pki, 'front-ca', 'front-proxy-ca');
  await issue(pki, ca, 'apiserver', { name: 'CN=kube-apiserver', usage: 'serverAuth', names: apiServerNames(lab) });
  await issue(pki, frontCa, 'front-proxy', { name: 'CN=front-proxy-client', usage: 'clientAuth' });
  await issue(pki, ca, 'apiserver-kubelet', { name: 'O=system:masters, CN=apiserver-kubelet', usage: 'clientAuth' });
  for (const { user, subject } of clients(lab)) await issue(pki, ca, user, { name: subject, usage: 'clientAuth' });
  for (const node of lab.nodes) await issueServing(pki, ca, node, issue);
  await writeServiceAccountKey(pki);
  await writeFile(done, '');
}

type Issue = typeof import('./certificates.ts').issue;

function issueServing(pki: string, ca: Authority, node: LabNode, issue: Issue): Promise<void> {
  const names: SubjectNames = [
    { type: 'dns', value: node.name },
    { type: 'ip', value: node.ip },
  ];
  return issue(pki, ca, `kubelet-${node.name}-serving`, { name: `CN=${node.name}`, usage: 'serverAuth', names });
}

function apiServerNames(lab: Lab): SubjectNames {
  const dns = ['', '.default', '.default.svc', '.default.svc.cluster.local'].map((end) => `kubernetes${end}`);
  const ips = ['127.0.0.1', lab.apiIp, API_SERVICE_IP];
  return [
    ...dns.concat('localhost').map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ];
}

/** Signs service account tokens. */
async function writeServiceAccountKey(pki: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeFile(join(pki, 'sa.key'), privateKey, { mode: 0o600 });
  await writeFile(join(pki, 'sa.pub'), publicKey);
}
