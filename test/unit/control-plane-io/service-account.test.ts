import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { NAMESPACES } from '../../../control-plane/src/api/index.ts';
import { createKubernetesClient } from '../../../control-plane/src/kubernetes/index.ts';
import { loadServiceAccount } from '../../../control-plane/src/kubernetes/service-account.ts';
import { startFakeApi, TOKEN } from '../../helpers/fake-api.ts';

async function start(t: ExecutionContext) {
  const api = await startFakeApi();
  const folder = mkdtempSync(join(tmpdir(), 'tp-service-account-'));
  t.teardown(async () => {
    await api.close();
    rmSync(folder, { recursive: true });
  });
  const [cluster] = api.kubeConfig.clusters;
  writeFileSync(join(folder, 'ca.crt'), Buffer.from(cluster?.caData ?? '', 'base64'));
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
  const clock = { ms: 0 };
  const environment = { KUBERNETES_SERVICE_HOST: 'localhost', KUBERNETES_SERVICE_PORT: String(api.port) };
  const access = loadServiceAccount({ environment, folder, now: () => clock.ms });
  if (access === undefined) throw new Error('no service account');
  return { client: createKubernetesClient(access), access, folder, clock };
}

test('a pod reaches the API server with its token, and follows the token when it is replaced', async (t) => {
  const { client, folder, clock } = await start(t);
  t.deepEqual(await client.list(NAMESPACES), []);
  writeFileSync(join(folder, 'token'), 'another');
  clock.ms = 59_999;
  t.deepEqual(await client.list(NAMESPACES), []);
  clock.ms = 60_000;
  const error = await t.throwsAsync(client.list(NAMESPACES));
  t.is((error as { status?: number }).status, 401);
});

test('outside of a cluster there is none', (t) => {
  t.is(loadServiceAccount({ environment: {} }), undefined);
});

test('an IPv6 address is written as a URL wants it', async (t) => {
  const { folder } = await start(t);
  const access = loadServiceAccount({ environment: { KUBERNETES_SERVICE_HOST: 'fd00::1' }, folder });
  t.is(access?.getCurrentCluster()?.server, 'https://[fd00::1]:443');
});
