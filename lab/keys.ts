// Keys, certificates and kubeconfigs of the lab. Made once and kept when the cluster stops, so that a kubeconfig that
// somebody exported stays good.

// The certificate library refuses to load without this one before it.
import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { API_PORT, API_SERVICE_IP, kubeconfigOf, type Lab, type LabNode } from './lab.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const TEN_YEARS_MS = 10 * 365 * 24 * 3600 * 1000;

type Authority = { certificate: x509.X509Certificate; key: webcrypto.CryptoKey };
type Subject = { name: string; usage: 'clientAuth' | 'serverAuth'; names?: x509.JsonGeneralNames };

/** Daemons and people with a kubeconfig. `group` becomes a group of the API server's user. */
const CLIENTS = [
  { user: 'admin', name: 'O=system:masters, CN=admin' },
  { user: 'controllers', name: 'CN=system:kube-controller-manager' },
  { user: 'scheduler', name: 'CN=system:kube-scheduler' },
  { user: 'proxy', name: 'CN=system:kube-proxy' },
  { user: 'coredns', name: 'O=system:masters, CN=coredns' },
  { user: 'alice', name: 'O=developers, CN=alice', namespace: 'team-a' },
  { user: 'bob', name: 'O=developers, CN=bob', namespace: 'team-a' },
  { user: 'carol', name: 'O=developers, CN=carol', namespace: 'team-a' },
];

/** Makes what is missing. Afterwards `pki` and `users` hold every file that the daemons name on their command lines. */
export async function ensureKeys(lab: Lab): Promise<void> {
  const done = join(lab.folders.pki, 'done');
  if (existsSync(done)) return;
  await mkdir(lab.folders.pki, { recursive: true, mode: 0o700 });
  await mkdir(lab.folders.users, { recursive: true, mode: 0o700 });
  const ca = await createAuthority(lab, 'ca', 'lab-ca');
  const frontCa = await createAuthority(lab, 'front-ca', 'front-proxy-ca');
  await issue(lab, ca, 'apiserver', { name: 'CN=kube-apiserver', usage: 'serverAuth', names: apiServerNames(lab) });
  await issue(lab, frontCa, 'front-proxy', { name: 'CN=front-proxy-client', usage: 'clientAuth' });
  await issue(lab, ca, 'apiserver-kubelet', { name: 'O=system:masters, CN=apiserver-kubelet', usage: 'clientAuth' });
  for (const { user, name, namespace } of CLIENTS) await issueClient(lab, ca, { user, name, namespace });
  for (const node of lab.nodes) await issueNode(lab, ca, node);
  await writeServiceAccountKey(lab);
  await writeFile(done, '');
}

async function issueClient(
  lab: Lab,
  ca: Authority,
  client: { user: string; name: string; namespace?: string | undefined },
) {
  await issue(lab, ca, client.user, { name: client.name, usage: 'clientAuth' });
  await writeKubeconfig(lab, client.user, client.namespace ?? 'default');
}

async function issueNode(lab: Lab, ca: Authority, node: LabNode): Promise<void> {
  await issueClient(lab, ca, { user: `kubelet-${node.name}`, name: `O=system:nodes, CN=system:node:${node.name}` });
  const names: x509.JsonGeneralNames = [
    { type: 'dns', value: node.name },
    { type: 'ip', value: node.ip },
  ];
  await issue(lab, ca, `kubelet-${node.name}-serving`, { name: `CN=${node.name}`, usage: 'serverAuth', names });
}

function apiServerNames(lab: Lab): x509.JsonGeneralNames {
  const dns = ['', '.default', '.default.svc', '.default.svc.cluster.local'].map((end) => `kubernetes${end}`);
  const ips = ['127.0.0.1', lab.apiIp, API_SERVICE_IP];
  return [
    ...dns.concat('localhost').map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ];
}

async function createAuthority(lab: Lab, file: string, name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const usage = x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(usage, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writePair(lab, file, certificate, keys.privateKey);
  return { certificate, key: keys.privateKey };
}

async function issue(lab: Lab, ca: Authority, file: string, subject: Subject): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    subject: subject.name,
    issuer: ca.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: ca.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[subject.usage]]),
      await x509.AuthorityKeyIdentifierExtension.create(ca.certificate),
      ...(subject.names ? [new x509.SubjectAlternativeNameExtension(subject.names)] : []),
    ],
  });
  await writePair(lab, file, certificate, keys.privateKey);
}

function validity() {
  const notBefore = new Date(Date.now() - 60_000);
  // A leading zero bit keeps the number positive.
  const serial = randomBytes(8);
  serial.writeUInt8(serial.readUInt8(0) & 0x7f, 0);
  return { serialNumber: serial.toString('hex'), notBefore, notAfter: new Date(notBefore.getTime() + TEN_YEARS_MS) };
}

async function writePair(lab: Lab, file: string, certificate: x509.X509Certificate, key: webcrypto.CryptoKey) {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key);
  await writeFile(join(lab.folders.pki, `${file}.crt`), `${certificate.toString('pem')}\n`);
  await writeSecret(join(lab.folders.pki, `${file}.key`), `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`);
}

/** Signs service account tokens. */
async function writeServiceAccountKey(lab: Lab): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeSecret(join(lab.folders.pki, 'sa.key'), privateKey);
  await writeFile(join(lab.folders.pki, 'sa.pub'), publicKey);
}

/** Everything inline, so that a test can hand the file to another machine or namespace. JSON is YAML. */
async function writeKubeconfig(lab: Lab, user: string, namespace: string): Promise<void> {
  const base64 = async (file: string) => (await readFile(join(lab.folders.pki, file))).toString('base64');
  const context = `lab-${lab.name}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [
      {
        name: context,
        cluster: { server: `https://${lab.apiIp}:${API_PORT}`, 'certificate-authority-data': await base64('ca.crt') },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': await base64(`${user}.crt`),
          'client-key-data': await base64(`${user}.key`),
        },
      },
    ],
    contexts: [{ name: context, context: { cluster: context, user, namespace } }],
  };
  await writeSecret(kubeconfigOf(lab, user), JSON.stringify(config, undefined, 2));
}

async function writeSecret(path: string, content: string): Promise<void> {
  await writeFile(path, content, { mode: 0o600 });
}
