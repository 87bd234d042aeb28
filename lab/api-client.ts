// Asks the lab's API server as administrator: readiness by HTTPS, since that is polled often, objects by kubectl.

import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { API_PORT, kubeconfigOf, type Lab, type LabNode } from './lab.ts';
import type { Programs } from './programs.ts';
import { capture } from './shell.ts';

export async function isApiServerReady(lab: Lab): Promise<boolean> {
  return (await get(lab, '/readyz')) !== undefined;
}

export async function isNodeReady(lab: Lab, node: LabNode): Promise<boolean> {
  const body = await get(lab, `/api/v1/nodes/${node.name}`);
  if (!body) return false;
  const conditions: { type: string; status: string }[] = JSON.parse(body).status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** A pod can be made in a namespace once its service account is there. */
export async function hasServiceAccount(lab: Lab, namespace: string): Promise<boolean> {
  return (await get(lab, `/api/v1/namespaces/${namespace}/serviceaccounts/default`)) !== undefined;
}

export async function apply(lab: Lab, programs: Programs, objects: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await kubectl(lab, programs, ['apply', '-f', '-'], JSON.stringify(list));
}

export function kubectl(lab: Lab, programs: Programs, args: readonly string[], input = ''): Promise<string> {
  return capture(join(programs.kube, 'kubectl'), ['--kubeconfig', kubeconfigOf(lab, 'admin'), ...args], { input });
}

/** The body of a 200 answer; undefined for anything else, an absent server included. */
async function get(lab: Lab, path: string): Promise<string | undefined> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFile(join(lab.folders.pki, file))),
  );
  return new Promise((resolve) => {
    const asked = request({ host: lab.apiIp, port: API_PORT, path, ca, cert, key, agent: false, timeout: 2000 });
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString() : undefined));
      response.on('error', () => resolve(undefined));
    });
    asked.on('timeout', () => asked.destroy()).on('error', () => resolve(undefined));
    asked.end();
  });
}
