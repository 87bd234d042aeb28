// `quit` and `uninstall` leave nothing: no object, sidecar, process or file.

import { existsSync, readdirSync } from 'node:fs';
import test from 'ava';
import type { Pod } from '../../kubectl-tp/src/kubernetes/objects.ts';
import { openStage } from '../helpers/stage.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'team-a';
const OURS = 'app.kubernetes.io/part-of=kubectl-tp';
const CLUSTER_WIDE = [
  'clusterroles',
  'clusterrolebindings',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'customresourcedefinitions',
].join(',');
const IN_NAMESPACE = [
  'deployments,replicasets,pods,services,endpointslices,configmaps,secrets,serviceaccounts,leases,roles,rolebindings',
  'networkpolicies,poddisruptionbudgets',
].join(',');
/** What Kubernetes keeps in every namespace, and the lab in this one. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'configmap/kube-root-ca.crt',
  'serviceaccount/default',
  'rolebinding.rbac.authorization.k8s.io/alice-tp-user',
  'rolebinding.rbac.authorization.k8s.io/carol-tp-user',
]);

test.serial('quit ends the session process and removes its files and objects', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  const { pid, session } = await alice.status();
  const sessions = () => stage.cluster.kubectl(['-n', 'kubectl-tp', 'get', 'sessions.kubectl-tp.dev', '-o', 'name']);
  const name = `session.kubectl-tp.dev/${session?.name}`;
  t.true((await sessions()).includes(name));
  await alice.tpOk('quit');
  await waitFor('the session process ends', () => !existsSync(`/proc/${pid}`));
  const left = readdirSync(alice.env.HOME ?? '', { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  t.deepEqual(
    left.map((file) => file.name).filter((file) => !file.endsWith('.log')),
    [],
  );
  t.is(await stage.cluster.kubectl(['-n', NAMESPACE, 'get', 'intercepts.kubectl-tp.dev', '-o', 'name']), '');
  t.false((await sessions()).includes(name));
});

test.serial('uninstall takes every agent out by a rollout and every object away', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  const { kubectl } = stage.cluster;
  await stage.deploy({ name: 'echo', replicas: 2 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  const admin = await stage.person('admin');
  const bystanders = { app: 'echo', connections: 'fresh', perSecond: 50 } as const;
  const [result] = await stage.loadDuring([bystanders], 40, () => admin.tpOk('uninstall'));

  t.deepEqual(result?.failures, {});
  const { items } = JSON.parse(await kubectl(['get', 'pods', '-A', '-o', 'json'])) as { items: Pod[] };
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  t.true(staying.some(({ metadata }) => metadata.labels?.app === 'echo'));
  const sidecars = staying
    .flatMap(({ spec }) => spec.initContainers ?? [])
    .filter(({ name }) => name.startsWith('tp-'));
  t.deepEqual(sidecars, []);
  t.is(await kubectl(['get', CLUSTER_WIDE, '-l', OURS, '-o', 'name']), '');
  t.notRegex(await kubectl(['get', CLUSTER_WIDE, '-o', 'name']), /kubectl-tp|\/tp-/);
  // The namespace stays where somebody else has made it, as the lab has.
  const left = await kubectl(['-n', 'kubectl-tp', 'get', IN_NAMESPACE, '-o', 'name']);
  t.deepEqual(
    left.split('\n').filter((name) => name !== '' && !OF_OTHERS.has(name)),
    [],
  );
  await alice.tp('quit');
});
