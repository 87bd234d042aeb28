// Installing and uninstalling, as far as it is told without a cluster.

import test from 'ava';
import { DEPLOYMENTS } from '../../../control-plane/src/api/index.ts';
import { uninstall } from '../../../kubectl-tp/src/install/uninstall.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { startScriptedApi } from '../../helpers/scripted-api.ts';
import { createPlugin } from './run-plugin.ts';

test('a dry run says that it checks, not that it applies', async (t) => {
  const { kubeconfig } = await startScriptedApi(t, {
    'GET /version': { status: 200, body: { major: '1', minor: '33', gitVersion: 'v1.33.0' } },
    'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews': { status: 201, body: { status: { allowed: true } } },
  });
  const { run } = await createPlugin(t, { KUBECONFIG: kubeconfig });
  const { code, stderr } = await run('install', '--dry-run');
  t.is(code, 0, stderr);
  t.regex(stderr, /^Checking Namespace kubectl-tp$/m);
  t.notRegex(stderr, /Applying/);
});

test('uninstalling tells what was there, and that nothing was', async (t) => {
  const { client, put, names } = createMemoryKubernetes();
  const { signal } = new AbortController();
  const run = async () => {
    const said: string[] = [];
    const progress = (text: string) => void said.push(text);
    const result = await uninstall({ client, namespace: 'kubectl-tp', timeoutMs: 5000, signal, progress });
    return { ...result, said: said.filter((text) => text.startsWith('Deleting')) };
  };
  put(DEPLOYMENTS, { metadata: { name: 'tp-webhook', namespace: 'kubectl-tp' } });
  t.deepEqual(await run(), { found: true, left: [], said: ['Deleting Deployment tp-webhook'] });
  t.deepEqual(names(DEPLOYMENTS), []);
  t.deepEqual(await run(), { found: false, left: [], said: [] });
});
