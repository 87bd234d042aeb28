// Asks a real API server as anybody, through `kubectl proxy` with the administrator's right to impersonate.

import { spawn } from 'node:child_process';
import type { LabCluster } from './lab.ts';
import { waitFor } from './wait-for.ts';

export type ApiUser = {
  readonly name: string;
  /** The pod whose token it is, as the API server tells it of tokens that pods were given. */
  readonly pod?: string;
};

export type ApiAnswer = { readonly status: number; readonly message: string };

export type ImpersonatingApi = {
  /** `type`: the content type of a patch. */
  ask(user: ApiUser, request: { method: string; path: string; body?: unknown; type?: string }): Promise<ApiAnswer>;
  close(): void;
};

export async function openImpersonatingApi(cluster: LabCluster): Promise<ImpersonatingApi> {
  const proxy = spawn('kubectl', ['proxy', '--port=0'], {
    env: await cluster.env(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  proxy.stdout.on('data', (bytes: Buffer) => {
    said += bytes;
  });
  const [, address] = await waitFor('kubectl proxy', () => /serve on (\S+)/.exec(said) ?? undefined);
  return {
    async ask({ name, pod }, { method, path, body, type = 'application/json' }) {
      const headers = {
        'content-type': type,
        'impersonate-user': name,
        ...(pod !== undefined && { 'impersonate-extra-authentication.kubernetes.io%2fpod-name': pod }),
      };
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await fetch(`http://${address}${path}`, { method, headers, ...content });
      const { message = '' } = (await answer.json()) as { message?: string };
      return { status: answer.status, message };
    },
    close: () => void proxy.kill(),
  };
}
