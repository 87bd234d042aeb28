// What a wait makes of what it sees.

import test from 'ava';
import type { Condition, Intercept } from '../../../control-plane/src/api/index.ts';
import type { Event, Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { judgeWait, type WaitView } from '../../../kubectl-tp/src/session/intercepts/judge-wait.ts';

const CREATED = '2030-01-01T00:00:00Z';
const LATER = '2030-01-01T00:00:05Z';
const EARLIER = '2029-12-31T00:00:00Z';

type Told = Partial<
  Record<'Accepted' | 'Programmed' | 'Ready', readonly [status: 'True' | 'False', reason: string, message?: string]>
>;

function buildIntercept(told: Told, observedGeneration = 1): Intercept {
  const conditions = Object.entries(told).map(
    ([type, [status, reason, message = reason]]): Condition => ({
      type,
      status,
      reason,
      message,
      observedGeneration,
      lastTransitionTime: CREATED,
    }),
  );
  return {
    apiVersion: 'kubectl-tp.dev/v1alpha1',
    kind: 'Intercept',
    metadata: { name: 'orders-1', namespace: 'shop', generation: 1, creationTimestamp: CREATED },
    spec: {
      session: 'ann-1',
      action: 'Redirect',
      target: { kind: 'Service', name: 'orders', port: '80' },
      match: { headers: [] },
      laptop: { port: 8080 },
      fallback: 'Pod',
    },
    status: { conditions },
  };
}

type PodWish = {
  name?: string;
  ready?: boolean;
  agent?: boolean;
  created?: string;
  ending?: boolean;
  status?: Pod['status'];
};

function buildPod({
  name = 'orders-a-1',
  ready = true,
  agent = true,
  created = LATER,
  ending = false,
  status = {},
}: PodWish = {}): Pod {
  return {
    metadata: {
      name,
      namespace: 'shop',
      creationTimestamp: created,
      labels: { 'pod-template-hash': 'a', ...(agent ? { 'kubectl-tp.dev/agent': 'true' } : {}) },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'orders-a', uid: 'u', controller: true }],
      ...(ending ? { deletionTimestamp: LATER } : {}),
    },
    spec: { containers: [{ name: 'app' }] },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], ...status },
  };
}

function judge(told: Told | undefined, view: Partial<WaitView> = {}) {
  return judgeWait({
    intercept: told && buildIntercept(told),
    pods: [buildPod()],
    events: [],
    probed: new Set(['orders-a-1']),
    tunnelTrouble: undefined,
    installNamespace: 'kubectl-tp',
    ...view,
  });
}

const ACCEPTED: Told = { Accepted: ['True', 'Accepted'] };
const ROLLING: Told = { ...ACCEPTED, Programmed: ['False', 'RollingOut', '1 of 2 pods'] };
const READY: Told = { ...ACCEPTED, Programmed: ['True', 'Programmed'], Ready: ['True', 'Ready'] };
const waitingContainer = (reason: string, message = ''): Pod['status'] => ({
  containerStatuses: [{ name: 'app', state: { waiting: { reason, message } } }],
});

test('it works when it is ready and every ready pod has shown that it reaches the laptop', (t) => {
  t.is(judge(READY), undefined);
});

test('a ready pod whose agent was not heard keeps it waiting, at last as an error that names the pod', (t) => {
  const pods = [buildPod(), buildPod({ name: 'orders-a-2' })];
  const waiting = judge(READY, { pods });
  t.is(waiting?.cause?.code, 'PROBE_MISSING');
  t.regex(waiting?.cause?.message ?? '', /orders-a-2/);
  t.regex(waiting?.step ?? '', /1\/2/);
});

test('pods that are ending or not ready need not be heard', (t) => {
  const pods = [buildPod(), buildPod({ name: 'old', ending: true }), buildPod({ name: 'new', ready: false })];
  t.is(judge(READY, { pods }), undefined);
});

test('a condition about an older generation counts for nothing', (t) => {
  const intercept = buildIntercept(READY, 0);
  t.is(judge(undefined, { intercept })?.cause?.code, 'INSTALL_NOT_READY');
});

test('a deleted intercept ends the wait', (t) => {
  t.throws(() => judge(undefined), { message: /by kubectl tp leave or quit, or by somebody/ });
});

test("what the control plane advises is the error's hint", (t) => {
  const cause = judge({ Accepted: ['False', 'Conflict', 'ann has it.\nWait, or ask ann'] })?.cause;
  t.like(cause, { message: 'ann has it.', hint: 'Wait, or ask ann' });
});

const cause = test.macro({
  exec: (t, told: Told, view: Partial<WaitView>, code: string, graceMs: number) => {
    t.like(judge(told, view)?.cause, { code, graceMs });
  },
  title: (_, told: Told, _view: Partial<WaitView>, code: string) => `${code} (${Object.values(told).at(-1)?.[1]})`,
});

test(cause, { Accepted: ['False', 'Conflict', 'ann has it'] }, {}, 'CONFLICT', 0);
test(cause, { Accepted: ['False', 'PortAmbiguous'] }, {}, 'PORT_AMBIGUOUS', 0);
test(cause, { Accepted: ['False', 'TargetNotFound'] }, {}, 'TARGET_NOT_FOUND', 3000);
test(cause, { Accepted: ['False', 'NotOwner'] }, {}, 'INTERCEPT_REFUSED', 0);
test(cause, { ...ACCEPTED, Programmed: ['False', 'WorkloadPaused'] }, {}, 'WORKLOAD_PAUSED', 0);
test(cause, { ...ACCEPTED, Programmed: ['False', 'Rejected'] }, {}, 'AGENT_REJECTED', 3000);
test(cause, { ...ACCEPTED, Programmed: ['False', 'NoReadyPods'] }, { pods: [] }, 'NO_READY_PODS', 3000);
test(cause, { ...ACCEPTED, Programmed: ['False', 'RollingOut'] }, { pods: [] }, 'NO_READY_PODS', 60_000);
test(
  cause,
  { ...ACCEPTED, Programmed: ['False', 'NoReadyPods', 'x'] },
  { pods: [buildPod({ ready: false, created: EARLIER, status: waitingContainer('CrashLoopBackOff') })] },
  'POD_FAILING',
  5000,
);
test(
  cause,
  { ...ACCEPTED, Programmed: ['False', 'WaitingForAgents'] },
  { pods: [buildPod({ agent: false })] },
  'NOT_INJECTED',
  10_000,
);
test(cause, { ...ACCEPTED, Programmed: ['False', 'AgentMissing'] }, { pods: [] }, 'NOT_INJECTED', 10_000);
test(
  cause,
  { ...ACCEPTED, Programmed: ['True', 'Programmed'], Ready: ['False', 'LaptopAway'] },
  { tunnelTrouble: 'no relay' },
  'TUNNEL_DOWN',
  5000,
);
test(
  cause,
  ROLLING,
  { pods: [buildPod({ ready: false, status: waitingContainer('ImagePullBackOff', 'no such tag') })] },
  'IMAGE_PULL',
  1000,
);

test('what was wrong with pods before the intercept is not why the rollout waits', (t) => {
  const old = buildPod({ ready: false, created: EARLIER, status: waitingContainer('CrashLoopBackOff') });
  t.is(judge(ROLLING, { pods: [old] })?.cause, undefined);
});

function refusal(message: string, lastTimestamp: string, name = 'orders-b'): Event {
  return {
    metadata: { name: 'e', namespace: 'shop' },
    reason: 'FailedCreate',
    message,
    lastTimestamp,
    involvedObject: { kind: 'ReplicaSet', name },
  };
}

test("refused pods are told with the API server's words, of this workload and since the intercept only", (t) => {
  const events = [
    refusal('exceeded quota: small', LATER),
    refusal('long ago', EARLIER),
    refusal('somebody else', LATER, 'prices-c'),
  ];
  const found = judge(ROLLING, { events })?.cause;
  t.is(found?.code, 'POD_REFUSED');
  t.regex(found?.message ?? '', /ReplicaSet orders-b .*exceeded quota: small/);
  t.is(judge(ROLLING, { events: events.slice(1) })?.cause, undefined);
});

test('a container that fails again and again is the same cause between its attempts', (t) => {
  const lastState = { terminated: { exitCode: 1, reason: 'Error' } };
  for (const state of [{ waiting: { reason: 'CrashLoopBackOff' } }, lastState, {}]) {
    const status = { initContainerStatuses: [{ name: 'tp-capture', restartCount: 2, ready: false, state, lastState }] };
    const found = judge(ROLLING, { pods: [buildPod({ ready: false, status })] })?.cause;
    t.like(found, { code: 'POD_FAILING', graceMs: 3000 });
    t.regex(found?.message ?? '', /tp-capture.*exit code 1/);
  }
});

test('a pod that no node takes is told, with more patience', (t) => {
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }];
  const found = judge(ROLLING, { pods: [buildPod({ ready: false, status: { conditions } })] })?.cause;
  t.regex(found?.message ?? '', /0\/3 nodes/);
  t.is(found?.graceMs, 20_000);
});

const OWN = { generation: 1, pods: ['orders-a-1'] };
const takenOver = (told: Told, reports: Record<string, object>, view: Partial<WaitView> = {}) =>
  judge(told, {
    ...view,
    intercept: { ...buildIntercept(told), status: { ...buildIntercept(told).status, reports } } as Intercept,
  });

test('what all replicas have reported works, whatever the conditions are about to say', (t) => {
  t.is(takenOver({}, { one: OWN }), undefined);
  const waiting: Told = { ...ACCEPTED, Programmed: ['False', 'WaitingForAgents'], Ready: ['False', 'NotProgrammed'] };
  t.is(takenOver(waiting, { one: OWN }), undefined);
  const two = { pods: [buildPod(), buildPod({ name: 'orders-a-2' })], probed: new Set(['orders-a-1', 'orders-a-2']) };
  t.is(takenOver({}, { one: OWN, two: { generation: 1, pods: ['orders-a-2'] } }, two), undefined);
});

const notTakenOver = test.macro(
  (t, step: RegExp, told: Told, reports: Record<string, object>, view?: Partial<WaitView>) => {
    t.regex(takenOver(told, reports, view)?.step ?? '', step);
  },
);
const CONTROL_PLANE = /control plane/;
test('reports: of an earlier generation', notTakenOver, CONTROL_PLANE, {}, { one: { ...OWN, generation: 0 } });
test('reports: with a refusal', notTakenOver, CONTROL_PLANE, {}, { one: { ...OWN, rejection: 'no' } });
test(
  'reports: without one pod',
  notTakenOver,
  CONTROL_PLANE,
  {},
  { one: OWN },
  {
    pods: [buildPod(), buildPod({ name: 'orders-a-2' })],
    probed: new Set(['orders-a-1', 'orders-a-2']),
  },
);
test(
  'reports: a pod that is not ready',
  notTakenOver,
  CONTROL_PLANE,
  {},
  { one: OWN },
  { pods: [buildPod({ ready: false })] },
);
test('reports: a pod that ends', notTakenOver, CONTROL_PLANE, {}, { one: OWN }, { pods: [buildPod({ ending: true })] });
test('reports: pods not seen yet', notTakenOver, CONTROL_PLANE, {}, { one: OWN }, { pods: undefined });
test('reports: no pods', notTakenOver, CONTROL_PLANE, {}, { one: OWN }, { pods: [] });
test('reports: an agent that has not been here', notTakenOver, /0\/1/, {}, { one: OWN }, { probed: new Set<string>() });
test('reports: something else is in the way', notTakenOver, /1 of 2 pods/, ROLLING, { one: OWN });
test(
  'reports: the leader says that no laptop is there',
  notTakenOver,
  /^LaptopAway$/,
  { ...READY, Ready: ['False', 'LaptopAway'] },
  { one: OWN },
);
test('reports: a refusal by the leader', (t) => {
  t.is(takenOver({ Accepted: ['False', 'Conflict'] }, { one: OWN })?.cause?.code, 'CONFLICT');
});
