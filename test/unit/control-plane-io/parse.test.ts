import test from 'ava';
import { parseTunnelLease } from '../../../control-plane/src/state/parse-lease.ts';
import { parseNamespace } from '../../../control-plane/src/state/parse-namespace.ts';
import { parseOwnObject } from '../../../control-plane/src/state/parse-own-object.ts';
import { parsePod } from '../../../control-plane/src/state/parse-pod.ts';
import { parseService } from '../../../control-plane/src/state/parse-service.ts';
import { parseWorkload, type RawWorkload } from '../../../control-plane/src/state/parse-workload.ts';
import { interceptObject, leaseObject, podObject } from './helpers/shop.ts';

const meta = (rest: object = {}) => ({ metadata: { name: 'x', namespace: 'shop', ...rest } });
const owned = (kind: string, name: string, labels = {}) =>
  meta({ labels, ownerReferences: [{ apiVersion: 'v1', kind, name, uid: 'u', controller: true }] });

test('a pod with an agent', (t) => {
  const pod = parsePod(podObject());
  t.like(pod, {
    namespace: 'shop',
    name: 'orders-abc-1',
    ip: '10.0.0.7',
    ready: true,
    terminating: false,
    terminatingSinceMs: undefined,
    workload: { kind: 'Deployment', name: 'orders' },
    ports: [{ container: 'app', name: 'tp-0', number: 8080, protocol: 'TCP' }],
    trouble: undefined,
  });
  t.is(pod.agent?.ports[0]?.agentPort, 15080);
});

const workload = test.macro((t, pod: Parameters<typeof parsePod>[0], expected: unknown) => {
  t.deepEqual(parsePod(pod).workload, expected as never);
});
test(
  'owner: the Deployment of a ReplicaSet',
  workload,
  owned('ReplicaSet', 'a-b-77f', { 'pod-template-hash': '77f' }),
  {
    kind: 'Deployment',
    name: 'a-b',
  },
);
test('owner: a ReplicaSet of its own', workload, owned('ReplicaSet', 'lonely'), { kind: 'ReplicaSet', name: 'lonely' });
test('owner: a StatefulSet', workload, owned('StatefulSet', 'db'), { kind: 'StatefulSet', name: 'db' });
test('owner: a kind unknown here', workload, owned('CloneSet', 'c'), { kind: 'Other', name: 'c' });
test('owner: nobody', workload, meta(), undefined);

test('an annotation that our webhook did not write is no agent', (t) => {
  for (const text of ['no json', '{}', '{"version":"1","ports":[{"appPort":99999999}]}']) {
    t.is(parsePod(meta({ annotations: { 'kubectl-tp.dev/agent': text } })).agent, undefined, text);
  }
});

test("ports of the application's containers and native sidecars, not of the agent or of init containers", (t) => {
  const port = (name: string, containerPort: number) => [{ name, containerPort }];
  const pod = {
    ...meta(),
    spec: {
      initContainers: [
        { name: 'tp-agent', restartPolicy: 'Always', ports: port('http', 15080) },
        { name: 'migrate', ports: port('m', 1) },
        { name: 'proxy', restartPolicy: 'Always', ports: port('admin', 2) },
      ],
      containers: [{ name: 'app', ports: [{ containerPort: 3, protocol: 'UDP' as const }] }],
    },
  };
  t.deepEqual(parsePod(pod).ports, [
    { container: 'app', name: undefined, number: 3, protocol: 'UDP' },
    { container: 'proxy', name: 'admin', number: 2, protocol: 'TCP' },
  ]);
});

const trouble = test.macro((t, status: object, expected: string | undefined) => {
  t.is(parsePod({ ...meta(), status }).trouble, expected);
});
test(
  'trouble: image',
  trouble,
  { containerStatuses: [{ name: 'app', state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } }] },
  'container app: ErrImagePull: not found',
);
test(
  'trouble: unschedulable',
  trouble,
  { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }] },
  'Unschedulable: 0/1 nodes',
);
test(
  'trouble: crash',
  trouble,
  { initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 3 } } }] },
  'container i: Error: exit code 3',
);
test(
  'trouble: none while it starts',
  trouble,
  { containerStatuses: [{ name: 'app', state: { waiting: { reason: 'ContainerCreating' } } }] },
  undefined,
);
test(
  'trouble: none after an init container has done its work',
  trouble,
  { initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 0 } } }] },
  undefined,
);

test('services: ports with their defaults, headless, without selector', (t) => {
  const spec = { clusterIP: 'None', selector: { a: 'b' }, ports: [{ port: 80 }] };
  t.deepEqual(parseService({ ...meta(), spec }), {
    namespace: 'shop',
    name: 'x',
    selector: { a: 'b' },
    headless: true,
    clusterIps: [],
    ports: [{ name: undefined, port: 80, targetPort: 80, protocol: 'TCP', appProtocol: undefined }],
  });
  t.is(parseService({ ...meta(), spec: { selector: {} } }).selector, undefined);
  t.is(parseService({ ...meta(), spec: { type: 'ExternalName', selector: { a: 'b' } } }).selector, undefined);
});

const deployment = (status: object, rest: object = {}): RawWorkload => ({
  ...meta({ generation: 2 }),
  spec: { replicas: 2, selector: { matchLabels: { a: 'b' } }, ...rest },
  status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status },
});
const rolledOut = test.macro((t, status: object, expected: boolean) => {
  t.is(parseWorkload('Deployment', deployment(status)).rolledOut, expected);
});
test('rolled out: all there', rolledOut, {}, true);
test('rolled out: the newest template is not yet observed', rolledOut, { observedGeneration: 1 }, false);
test('rolled out: an old pod is left', rolledOut, { replicas: 3 }, false);
test('rolled out: a new pod is missing', rolledOut, { updatedReplicas: 1 }, false);
test('rolled out: a new pod is not available', rolledOut, { availableReplicas: 1 }, false);

test('rolled out: a StatefulSet keeps the pods below its partition', (t) => {
  const updateStrategy = { rollingUpdate: { partition: 1 } };
  t.true(parseWorkload('StatefulSet', deployment({ updatedReplicas: 1 }, { updateStrategy })).rolledOut);
  t.false(parseWorkload('StatefulSet', deployment({ updatedReplicas: 0 }, { updateStrategy })).rolledOut);
});

test('a DaemonSet counts nodes', (t) => {
  const status = { observedGeneration: 1, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 };
  const set = parseWorkload('DaemonSet', { ...meta({ generation: 1 }), status });
  t.true(set.rolledOut);
  const busy = { ...status, numberAvailable: 2 };
  t.false(parseWorkload('DaemonSet', { ...meta({ generation: 1 }), status: busy }).rolledOut);
});

test('paused: a Deployment that says so, and sets that wait for deletions', (t) => {
  t.true(parseWorkload('Deployment', deployment({}, { paused: true })).paused);
  t.true(parseWorkload('StatefulSet', deployment({}, { updateStrategy: { type: 'OnDelete' } })).paused);
  t.false(parseWorkload('Deployment', deployment({})).paused);
});

test('the trouble of a workload: quota and deadline, not a pause', (t) => {
  const withCondition = (condition: object) =>
    parseWorkload('Deployment', deployment({ conditions: [condition] })).trouble;
  t.is(withCondition({ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }), 'exceeded quota');
  const stalled = { type: 'Progressing', status: 'False', message: 'm' };
  t.is(withCondition({ ...stalled, reason: 'ProgressDeadlineExceeded' }), 'm');
  t.is(withCondition({ ...stalled, reason: 'DeploymentPaused' }), undefined);
});

test('a namespace: what its labels say about agents', (t) => {
  const parse = (labels?: Record<string, string>) =>
    parseNamespace({ metadata: { name: 'x', ...(labels && { labels }) } });
  t.deepEqual(parse(), { inject: undefined, refusesNft: false });
  t.is(parse({ 'kubectl-tp.dev/inject': 'disabled' }).inject, 'disabled');
  t.is(parse({ 'kubectl-tp.dev/inject': 'maybe' }).inject, undefined);
  t.true(parse({ 'pod-security.kubernetes.io/enforce': 'baseline' }).refusesNft);
  t.false(parse({ 'pod-security.kubernetes.io/enforce': 'privileged' }).refusesNft);
});

test('a Lease expires after its last renewal; one without times has expired', (t) => {
  t.is(parseTunnelLease(leaseObject(1_000_000, 40)).expiresAtMs, 1_040_000);
  t.is(parseTunnelLease(meta()).expiresAtMs, 0);
});

test("field managers' records are dropped from our own objects", (t) => {
  const { metadata, ...rest } = interceptObject();
  const object = { ...rest, metadata: { ...metadata, managedFields: [{}] } };
  t.deepEqual(parseOwnObject(object as never), interceptObject() as never);
});
