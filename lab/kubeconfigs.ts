// The kubeconfigs of daemons and people. They are there while the lab runs: without one nobody sends requests for its
// addresses to where the machine's default route leads.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_PORT, kubeconfigOf, type Lab } from './lab.ts';
import { USERS } from './users.ts';

export type Client = {
  /** Names the files of its certificate and kubeconfig. */
  readonly user: string;
  readonly subject: string;
  /** Where its kubectl looks first. */
  readonly namespace: string;
};

/** Everybody who talks to the API server with a certificate. */
export function clients(lab: Lab): Client[] {
  return [
    ...lab.nodes.map(({ name }) => daemon(`kubelet-${name}`, `O=system:nodes, CN=system:node:${name}`)),
    daemon('controllers', 'CN=system:kube-controller-manager'),
    daemon('scheduler', 'CN=system:kube-scheduler'),
    daemon('proxy', 'CN=system:kube-proxy'),
    daemon('coredns', 'O=system:masters, CN=coredns'),
    daemon('admin', 'O=system:masters, CN=admin'),
    ...USERS.filter((user) => user !== 'admin').map((user) => ({
      user,
      subject: `O=developers, CN=${user}`,
      namespace: 'team-a',
    })),
  ];
}

export async function writeKubeconfigs(lab: Lab): Promise<void> {
  await mkdir(lab.folders.users, { recursive: true, mode: 0o700 });
  const read = async (file: string) => (await readFile(join(lab.folders.pki, file))).toString('base64');
  for (const client of clients(lab)) {
    const [ca, cert, key] = await Promise.all([read('ca.crt'), read(`${client.user}.crt`), read(`${client.user}.key`)]);
    const text = JSON.stringify(buildKubeconfig(lab, client, { ca, cert, key }), undefined, 2);
    await writeFile(kubeconfigOf(lab, client.user), text, { mode: 0o600 });
  }
}

const daemon = (user: string, subject: string): Client => ({ user, subject, namespace: 'default' });

/** Everything inline, so that a test can hand the file to another machine or namespace. JSON is YAML. */
function buildKubeconfig(
  lab: Lab,
  { user, namespace }: Client,
  pem: { ca: string; cert: string; key: string },
): object {
  const name = `lab-${lab.name}`;
  const cluster = { server: `https://${lab.apiIp}:${API_PORT}`, 'certificate-authority-data': pem.ca };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster }],
    users: [{ name: user, user: { 'client-certificate-data': pem.cert, 'client-key-data': pem.key } }],
    contexts: [{ name, context: { cluster: name, user, namespace } }],
  };
}
