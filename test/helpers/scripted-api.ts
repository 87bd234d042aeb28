// An HTTPS server in the API server's place that says what a test has written down and remembers nothing, for what the CLI
// says when the cluster is not as it should be. One that stores objects is in fake-api.ts.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { createTestCertificate } from './test-certificate.ts';

export type Answer = { readonly status: number; readonly body: object };
/** By method and path without query, such as `GET /api/v1/namespaces/shop/services/orders`. What is not there is 404. */
export type Answers = Readonly<Record<string, Answer>>;

export type ScriptedApi = {
  /** A kubeconfig file that leads here. */
  readonly kubeconfig: string;
  /** Method and path of each request, in order. */
  readonly requests: readonly string[];
};

export async function startScriptedApi(t: ExecutionContext, answers: Answers): Promise<ScriptedApi> {
  const { certificateChain, privateKey } = await createTestCertificate('localhost');
  const requests: string[] = [];
  const server = createServer({ cert: certificateChain, key: privateKey }, (request, response) => {
    const line = `${request.method} ${request.url?.split('?', 1)[0]}`;
    requests.push(line);
    const { status, body } =
      answers[line] ?? refusal(404, 'NotFound', 'the server could not find the requested resource');
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'tp-fake-api-'));
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  const kubeconfig = join(folder, 'config');
  const { port } = server.address() as AddressInfo;
  await writeFile(kubeconfig, JSON.stringify(buildKubeconfig(`https://localhost:${port}`, certificateChain)));
  return { kubeconfig, requests };
}

/** The API server's own form of an error. */
export function refusal(code: number, reason: string, message: string, details?: object): Answer {
  return {
    status: code,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details },
  };
}

export function buildKubeconfig(server: string, authority?: string): object {
  const data =
    authority === undefined ? {} : { 'certificate-authority-data': Buffer.from(authority).toString('base64') };
  return {
    'current-context': 'fake',
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'ann', namespace: 'shop' } }],
    clusters: [{ name: 'fake', cluster: { server, ...data } }],
    users: [{ name: 'ann', user: { token: 'secret' } }],
  };
}
