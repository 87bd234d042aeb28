// The API server as a pod reaches it: address from the environment, token and authority from the files that the kubelet
// keeps fresh. Stands for client-node inside the cluster, where that costs 85 MB of memory and half a second.

import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import type { KubeAccess } from './connection.ts';

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The kubelet replaces a token long before it expires. */
const REREAD_AFTER_MS = 60_000;

export type ServiceAccountOptions = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder?: string;
  readonly now?: () => number;
};

type Files = { readonly token: string; readonly authority: Buffer; readonly readAtMs: number };

/** Undefined outside of a cluster. Throws Node's error if the files cannot be read. */
export function loadServiceAccount(options: ServiceAccountOptions): KubeAccess | undefined {
  const { environment, folder = FOLDER, now = Date.now } = options;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (!host) return undefined;
  let files = readFiles(folder, now());

  return {
    getCurrentCluster: () => ({
      name: 'in-cluster',
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      skipTLSVerify: false,
    }),
    async applyToHTTPSOptions(request: RequestOptions) {
      if (now() - files.readAtMs >= REREAD_AFTER_MS) files = readFiles(folder, now());
      request.ca = files.authority;
      request.headers = { ...request.headers, authorization: `Bearer ${files.token}` };
    },
  };
}

function readFiles(folder: string, readAtMs: number): Files {
  const token = readFileSync(join(folder, 'token'), 'utf8').trim();
  return { token, authority: readFileSync(join(folder, 'ca.crt')), readAtMs };
}
