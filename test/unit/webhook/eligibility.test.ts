// Which pods get no agent: one case for each reason in the table.

import test from 'ava';
import { SKIP_REASONS, type SkipReason } from '../../../webhook/src/inject/eligibility.ts';
import { injectPod } from '../../../webhook/src/inject/inject-pod.ts';
import type { NamespaceView } from '../../../webhook/src/inject/namespace-view.ts';
import type { Pod } from '../../../webhook/src/inject/pod.ts';
import { buildNamespace, buildPod, SETTINGS } from '../../fixtures/webhook.ts';

const numeric = [
  { name: 'web', selector: { app: 'web' }, headless: false, ports: [{ name: undefined, port: 80, targetPort: 8080 }] },
];
const agent = { name: 'tp-agent', restartPolicy: 'Always' };

const CASES: Record<SkipReason, { pod?: Pod; namespace?: NamespaceView }> = {
  AlreadyInjected: {
    pod: buildPod({
      metadata: { annotations: { 'kubectl-tp.dev/agent': '{}' } },
      spec: { initContainers: [agent] },
    }),
  },
  Disabled: { namespace: buildNamespace({ labels: { 'kubectl-tp.dev/inject': 'disabled' } }) },
  HostNetwork: { pod: buildPod({ spec: { hostNetwork: true } }) },
  MirrorPod: { pod: buildPod({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }) },
  NotLinux: { pod: buildPod({ spec: { os: { name: 'windows' } } }) },
  NotTargeted: { namespace: buildNamespace({ targets: [{ kind: 'Service', name: 'other' }] }) },
  NameCollision: { pod: buildPod({ spec: { initContainers: [agent] } }) },
  NoPort: { namespace: buildNamespace({ targets: [{ kind: 'Deployment', name: 'web', port: 'grpc' }], services: [] }) },
  PrivilegeRefused: {
    namespace: buildNamespace({ services: numeric, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } }),
  },
};

for (const [reason, { pod = buildPod(), namespace = buildNamespace() }] of Object.entries(CASES)) {
  test(`skipped: ${reason}`, (t) => {
    t.deepEqual(injectPod(pod, namespace, SETTINGS), { outcome: 'skipped', reason: reason as SkipReason });
    t.true(reason in SKIP_REASONS);
  });
}

test('the same pod without any of that is injected', (t) => {
  t.is(injectPod(buildPod(), buildNamespace(), SETTINGS).outcome, 'injected');
});

test('a pod can ask for an agent by itself, and refuse one that its namespace asks for', (t) => {
  const asking = (value: string) =>
    buildPod({ metadata: { labels: { app: 'web' }, annotations: { 'kubectl-tp.dev/inject': value } } });
  const enabled = { 'kubectl-tp.dev/inject': 'enabled' };
  t.is(injectPod(asking('enabled'), buildNamespace({ targets: [] }), SETTINGS).outcome, 'injected');
  t.like(injectPod(asking('disabled'), buildNamespace({ labels: enabled }), SETTINGS), { reason: 'Disabled' });
});

test('a name that another port of the container has already can not be given to the renamed one', (t) => {
  const ports = [
    { name: 'http', containerPort: 8080 },
    { name: 'tp-8080', containerPort: 9000 },
  ];
  const pod = buildPod({ spec: { containers: [{ name: 'app', ports }] } });
  t.like(injectPod(pod, buildNamespace(), SETTINGS), { reason: 'NameCollision' });
});

test('intercepted ports are captured first when there are more than an agent may have', (t) => {
  const names = Array.from({ length: 20 }, (_, index) => `port-${index}`);
  const containers = [{ name: 'app', ports: names.map((name, index) => ({ name, containerPort: 1000 + index })) }];
  const ports = names.map((name, index) => ({ name, port: index + 1, targetPort: name }));
  const services = [{ name: 'web', selector: { app: 'web' }, headless: false, ports }];
  const namespace = buildNamespace({ services, targets: [{ kind: 'Service', name: 'web', port: 'port-19' }] });
  const injection = injectPod(buildPod({ spec: { containers } }), namespace, SETTINGS);
  if (injection.outcome !== 'injected') return t.fail(injection.reason);
  t.is(injection.description.ports.length, 16);
  t.true(injection.description.ports.some(({ appPort }) => appPort === 1019));
});
