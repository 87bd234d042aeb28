// Laws of injection over generated pods, Services and Intercepts.

import test from 'ava';
import fc from 'fast-check';
import { AGENT_CONTAINER } from '../../../control-plane/src/api/index.ts';
import { parseAgentDescription } from '../../../control-plane/src/api/parse-agent-description.ts';
import { listAppPorts } from '../../../webhook/src/inject/app-ports.ts';
import { injectPod } from '../../../webhook/src/inject/inject-pod.ts';
import type { NamespaceView } from '../../../webhook/src/inject/namespace-view.ts';
import type { Container, Pod } from '../../../webhook/src/inject/pod.ts';
import { authorName } from '../../../webhook/src/inject/take-over-names.ts';
import { SETTINGS } from '../../fixtures/webhook.ts';

const portName = fc.constantFrom('http', 'grpc', 'metrics', 'tp-8080');
const number = fc.constantFrom(80, 8080, 9090, 15080, 15180);
const reference = fc.oneof(portName, number);
const probe = fc.oneof(
  fc.record({ httpGet: fc.record({ port: reference }) }),
  fc.record({ tcpSocket: fc.record({ port: reference }) }),
  fc.record({ grpc: fc.record({ port: number }) }),
);
const port = fc.record({ name: portName, containerPort: number, protocol: fc.constantFrom('TCP', 'UDP') });

function container(name: string): fc.Arbitrary<Container> {
  return fc.record(
    {
      name: fc.constant(name),
      ports: fc.uniqueArray(port, { selector: ({ name }) => name, maxLength: 3 }),
      livenessProbe: probe,
      lifecycle: fc.record({ preStop: probe }, { requiredKeys: [] }),
    },
    { requiredKeys: ['name'] },
  );
}

const sidecar = container('sidecar').map((made) => ({ ...made, restartPolicy: 'Always' }));
const pod: fc.Arbitrary<Pod> = fc.record({
  metadata: fc.record({ name: fc.constant('web-0'), labels: fc.constant({ app: 'web' }) }),
  spec: fc.record(
    {
      containers: fc.tuple(container('app'), container('other')),
      initContainers: fc.oneof(fc.tuple(container('setup')), fc.tuple(container('setup'), sidecar)),
      terminationGracePeriodSeconds: fc.constantFrom(0, 1, 30),
    },
    { requiredKeys: ['containers'] },
  ),
});
const service = fc.record({
  name: fc.constantFrom('web', 'api'),
  selector: fc.constantFrom({ app: 'web' }, { app: 'other' }, undefined),
  headless: fc.boolean(),
  ports: fc.array(fc.record({ name: fc.constant(undefined), port: fc.constantFrom(80, 81), targetPort: reference }), {
    maxLength: 2,
  }),
});
const namespace: fc.Arbitrary<NamespaceView> = fc.record({
  labels: fc.constantFrom(
    {},
    { 'kubectl-tp.dev/inject': 'enabled' },
    { 'pod-security.kubernetes.io/enforce': 'baseline' },
  ),
  services: fc.uniqueArray(service, { selector: ({ name }) => name }),
  targets: fc.array(
    fc.record(
      { kind: fc.constant('Service' as const), name: fc.constantFrom('web', 'api'), port: fc.constantFrom('80', '81') },
      { requiredKeys: ['kind', 'name'] },
    ),
  ),
});

function whenInjected(check: (before: Pod, after: Pod, namespace: NamespaceView) => void): void {
  fc.assert(
    fc.property(pod, namespace, (before, view) => {
      const injection = injectPod(before, view, SETTINGS);
      if (injection.outcome === 'injected') check(before, injection.pod, view);
    }),
    { numRuns: 1000 },
  );
}

test('injecting twice is injecting once', (t) => {
  t.plan(1);
  let injected = 0;
  whenInjected((_before, after, view) => {
    const again = injectPod(after, view, SETTINGS);
    if (again.outcome !== 'skipped' || again.reason !== 'AlreadyInjected') throw new Error('injected twice');
    injected++;
  });
  t.true(injected > 30, 'too few of the generated pods are injected to show anything');
});

test('every name of a port leads to the agent or to where it led before', (t) => {
  t.plan(1);
  whenInjected((before, after) => {
    for (const name of ['http', 'grpc', 'metrics', 'tp-8080']) {
      const [was, is] = [findPort(before, name), findPort(after, name)];
      if (is !== was && !(was === undefined && name.startsWith('tp-')) && !agentPorts(after).includes(is)) {
        throw new Error(`${name} led to ${was} and leads to ${is}`);
      }
    }
  });
  t.pass();
});

test("the author's names of ports are found again, also where a number has several", (t) => {
  t.plan(1);
  whenInjected((before, after) => {
    const captured = parseAgentDescription(after.metadata.annotations)?.ports ?? [];
    const ports = listAppPorts(after).filter(({ container }) => container !== AGENT_CONTAINER);
    const named = ports.map((port) => ({ ...port, name: authorName(port, captured) }));
    for (const name of ['http', 'grpc', 'metrics', 'tp-8080']) {
      const [was, is] = [listAppPorts(before), named].map((all) => all.find((port) => port.name === name)?.number);
      if (is !== was) throw new Error(`${name} was of ${was} and is of ${is}`);
    }
  });
  t.pass();
});

test('names of ports are unique within each container, and ports of the agent are its own', (t) => {
  t.plan(1);
  whenInjected((before, after) => {
    for (const { ports = [] } of [...after.spec.containers, ...(after.spec.initContainers ?? [])]) {
      const names = ports.flatMap(({ name }) => name ?? []);
      if (new Set(names).size < names.length) throw new Error(`twice: ${names}`);
    }
    const tcp = before.spec.containers.flatMap(({ ports = [] }) => ports).filter(({ protocol }) => protocol !== 'UDP');
    const own = tcp.map(({ containerPort }) => containerPort);
    if (agentPorts(after).some((port) => own.includes(port ?? 0))) throw new Error('the agent takes a port of the pod');
  });
  t.pass();
});

test('no probe or handler goes to a port that leads to the agent', (t) => {
  t.plan(1);
  whenInjected((_before, after) => {
    const captured = parseAgentDescription(after.metadata.annotations)?.ports ?? [];
    const redirected = captured.flatMap(({ capture, appPort }) => (capture === 'Nft' ? [appPort] : []));
    const { containers, initContainers = [] } = after.spec;
    const serving = [...containers, ...initContainers.filter(({ name }) => name === 'sidecar')];
    for (const port of serving.flatMap(listProbed)) {
      if (redirected.includes(port)) throw new Error(`asks port ${port}, whose connections come to the agent`);
    }
  });
  t.pass();
});

/** Numbers, as the kubelet finds them. */
function listProbed({ ports = [], livenessProbe, lifecycle }: Container): number[] {
  return [livenessProbe, lifecycle?.preStop].flatMap((handler) => {
    const port = (handler?.httpGet ?? handler?.tcpSocket ?? handler?.grpc)?.port;
    return (typeof port === 'string' ? ports.find(({ name }) => name === port)?.containerPort : port) ?? [];
  });
}

/** As Kubernetes resolves a Service's named target port. */
function findPort({ spec }: Pod, name: string): number | undefined {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...spec.containers, ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .find((port) => port.name === name && (port.protocol ?? 'TCP') === 'TCP')?.containerPort;
}

function agentPorts({ spec }: Pod): (number | undefined)[] {
  const agent = spec.initContainers?.find(({ name }) => name === 'tp-agent');
  return agent?.ports?.map(({ containerPort }) => containerPort) ?? [];
}
