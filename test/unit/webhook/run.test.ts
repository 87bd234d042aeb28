// The webhook's process against an API server: what it goes on after, and what ends it.

import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import { startFakeApi } from '../../helpers/fake-api.ts';
import { createTestCertificate, type TestCertificate } from '../../helpers/test-certificate.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const MAIN = fileURLToPath(new URL('../../../webhook/src/main.ts', import.meta.url));
const WITHOUT_IPV6 = new URL('../../helpers/without-ipv6.ts', import.meta.url).href;
const NAMESPACE = 'kubectl-tp';
const ENVIRONMENT = { POD_NAMESPACE: NAMESPACE, TP_AGENT_IMAGE: 'envoy', TP_CAPTURE_IMAGE: 'tp', TP_WEBHOOK_PORT: '0' };

type Start = { readonly adminPort?: number; readonly options?: readonly string[] };

async function startWebhook(t: ExecutionContext, { adminPort = 0, options = [] }: Start = {}) {
  const api = await startFakeApi();
  const folder = await mkdtemp(join(tmpdir(), 'tp-webhook-'));
  const KUBECONFIG = join(folder, 'config');
  await writeFile(KUBECONFIG, api.kubeConfig.exportConfig());
  const env = { ...process.env, ...ENVIRONMENT, KUBECONFIG, TP_ADMIN_PORT: String(adminPort) };
  const child = spawn(process.execPath, [...options, MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    await api.close();
    await rm(folder, { recursive: true });
  });
  let log = '';
  child.stdout.on('data', (bytes: Buffer) => {
    log += bytes;
  });
  return {
    child,
    ended,
    isLogged: (text: string, times = 1) => log.split(text).length > times,
    listensOn: () => waitFor('the webhook listens', () => /listening at https:\/\/\S+:(\d+)"/.exec(log)?.[1]),
    give: (texts: SecretTexts) => api.put(`/api/v1/namespaces/${NAMESPACE}/secrets`, buildSecret(texts)),
  };
}

type SecretTexts = { readonly cert: string; readonly key: string };

function buildSecret({ cert, key }: SecretTexts): KubernetesObject {
  const texts = { 'tls.crt': cert, 'tls.key': key, 'ca.crt': cert };
  const encoded = Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  const metadata = { name: 'tp-webhook-certificate', namespace: NAMESPACE };
  return { metadata, data: Object.fromEntries(encoded) } as KubernetesObject;
}

const toTexts = ({ certificateChain: cert, privateKey: key }: TestCertificate): SecretTexts => ({ cert, key });

/** Whose certificate the webhook shows now. */
async function readFingerprint(port: string): Promise<string> {
  const socket = connect({ port: Number(port), host: 'localhost', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test('a damaged certificate is told, and the next one is taken, before the first and after', async (t) => {
  const [first, second] = [toTexts(await createTestCertificate('a')), toTexts(await createTestCertificate('b'))];
  const webhook = await startWebhook(t);
  webhook.give({ cert: 'hello', key: 'hello' });
  await waitFor('word of the damage', () => webhook.isLogged('CERTIFICATE_INVALID'));
  webhook.give(first);
  const port = await webhook.listensOn();
  t.is(await readFingerprint(port), new X509Certificate(first.cert).fingerprint256);

  webhook.give({ cert: second.cert, key: first.key });
  await waitFor('word of the wrong key', () => webhook.isLogged('CERTIFICATE_INVALID', 2));
  t.is(await readFingerprint(port), new X509Certificate(first.cert).fingerprint256);
  webhook.give(second);
  await waitFor('the second certificate', () => webhook.isLogged('certificate in use', 2));
  t.is(await readFingerprint(port), new X509Certificate(second.cert).fingerprint256);

  webhook.child.kill('SIGTERM');
  t.deepEqual(await webhook.ended, [0, null]);
});

test('a webhook that cannot go on ends, so that the kubelet starts another one', async (t) => {
  const taken = createServer().listen(0);
  t.teardown(() => taken.close());
  await once(taken, 'listening');
  const { child, isLogged } = await startWebhook(t, { adminPort: (taken.address() as AddressInfo).port });
  t.is(await waitFor('its end', () => child.exitCode ?? undefined), 1);
  t.true(isLogged('EADDRINUSE'));
});

test('on a node without IPv6 it serves the other family, and ends as ever', async (t) => {
  const secret = toTexts(await createTestCertificate('a'));
  const webhook = await startWebhook(t, { options: ['--import', WITHOUT_IPV6] });
  webhook.give(secret);
  t.is(await readFingerprint(await webhook.listensOn()), new X509Certificate(secret.cert).fingerprint256);
  t.true(webhook.isLogged('listening at https://127.0.0.1:'));
  webhook.child.kill('SIGTERM');
  t.deepEqual(await webhook.ended, [0, null]);
});
