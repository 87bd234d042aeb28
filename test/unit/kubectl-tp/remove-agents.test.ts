import test from 'ava';
import { removeAgents } from '../../../kubectl-tp/src/install/agents.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { type Answers, startScriptedApi } from '../../helpers/scripted-api.ts';
import { createPlugin } from './run-plugin.ts';

test('a workload that was deleted meanwhile has no agents to wait for', async (t) => {
  const { client } = createMemoryKubernetes();
  const { signal } = new AbortController();
  const gone = { kind: 'Deployment', namespace: 'team-a', name: 'gone' };
  t.deepEqual(await removeAgents([gone], { client, timeoutMs: 5000, signal, progress: () => undefined }), []);
});

const DEPLOYMENT = { status: 200, body: { metadata: { name: 'orders', namespace: 'shop' } } };
const CLUSTER: Answers = {
  'GET /api/v1/namespaces/shop': { status: 200, body: { metadata: { name: 'shop' } } },
  'GET /api/v1/namespaces/shop/pods': { status: 200, body: { items: [] } },
  'GET /apis/apps/v1/namespaces/shop/deployments/orders': DEPLOYMENT,
};

for (const [words, expected, text] of [
  ['orders', 0, /^orders in shop has no agent\.\n$/],
  ['deploy/orders', 0, /^deployment\/orders in shop has no agent\.\n$/],
  ['nosuch', 4, /Namespace shop has no workload nosuch\.\n.*kubectl -n shop get deployments.*\n\(TARGET_NOT_FOUND\)/],
  ['daemonset/orders', 4, /Namespace shop has no workload daemonset\/orders\./],
] as const) {
  test(`uninstall --agent ${words}, where nothing has an agent`, async (t) => {
    const { kubeconfig } = await startScriptedApi(t, CLUSTER);
    const { run } = await createPlugin(t, { KUBECONFIG: kubeconfig });
    const { code, stdout, stderr } = await run('uninstall', '--agent', words);
    t.is(code, expected, stderr);
    t.regex(expected === 0 ? stdout : stderr, text);
  });
}
