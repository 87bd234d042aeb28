import test from 'ava';
import { removeAgents } from '../../../kubectl-tp/src/install/agents.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';

test('a workload that was deleted meanwhile has no agents to wait for', async (t) => {
  const { client } = createMemoryKubernetes();
  const { signal } = new AbortController();
  const gone = { kind: 'Deployment', namespace: 'team-a', name: 'gone' };
  t.deepEqual(await removeAgents([gone], { client, timeoutMs: 5000, signal, progress: () => undefined }), []);
});
