// What the webhook captures is what the control plane looks for: an agent made for an intercept serves it, and one that
// was made for another one serves it only if the target's connections come to it.

import test from 'ava';
import fc from 'fast-check';
import { parsePod, type RawPod } from '../../../control-plane/src/state/parse-pod.ts';
import { parseService } from '../../../control-plane/src/state/parse-service.ts';
import { parseWorkload } from '../../../control-plane/src/state/parse-workload.ts';
import { buildClusterIndex } from '../../../control-plane/src/translator/cluster-index.ts';
import { isRefusal, type Place, resolveTarget } from '../../../control-plane/src/translator/target.ts';
import { injectPod } from '../../../webhook/src/inject/inject-pod.ts';
import type { WantedTarget } from '../../../webhook/src/inject/namespace-view.ts';
import type { Pod } from '../../../webhook/src/inject/pod.ts';
import { buildState } from '../../fixtures/cluster-state.ts';
import { SETTINGS } from '../../fixtures/webhook.ts';

const name = fc.constantFrom('http', 'web', 'admin');
const number = fc.constantFrom(8080, 9000);
const port = fc.record({ name, containerPort: number }, { requiredKeys: ['containerPort'] });
const ports = fc.uniqueArray(port, { selector: ({ name, containerPort }) => name ?? containerPort, maxLength: 4 });
const service = fc.record({
  name: fc.constantFrom('one', 'two'),
  headless: fc.boolean(),
  targetPort: fc.oneof(name, number),
});
const services = fc.uniqueArray(service, { selector: ({ name }) => name });
const target: fc.Arbitrary<WantedTarget> = fc.oneof(
  fc.record({ kind: fc.constant('Service' as const), name: fc.constantFrom('one', 'two') }),
  fc.record(
    {
      kind: fc.constant('Deployment' as const),
      name: fc.constant('orders'),
      port: fc.constantFrom('http', 'web', 'admin', '8080', '9000'),
    },
    { requiredKeys: ['kind', 'name'] },
  ),
);
const asked = fc.record({ ports, services, targets: fc.array(target, { minLength: 1, maxLength: 3 }) });
type Asked = Parameters<Parameters<(typeof asked)['map']>[0]>[0];

const NUM_RUNS = 1000;
const LABELS = { app: 'orders', 'pod-template-hash': 'a' };

function buildPod({ ports }: Asked): Pod {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'orders-a', controller: true };
  return {
    metadata: { name: 'orders-a-1', namespace: 'shop', labels: LABELS, ownerReferences: [owner] },
    spec: { containers: [{ name: 'app', ports }] },
  } as Pod;
}

function inject(cluster: Asked, targets: readonly WantedTarget[]): Pod {
  const services = cluster.services.map(({ name, headless, targetPort }) => ({
    name,
    headless,
    selector: { app: 'orders' },
    ports: [{ name: undefined, port: 80, targetPort }],
  }));
  const injection = injectPod(buildPod(cluster), { labels: {}, services, targets }, SETTINGS);
  return injection.outcome === 'injected' ? injection.pod : buildPod(cluster);
}

/** Undefined: the control plane refuses the target, or no pod has its port. */
function findPlace(cluster: Asked, pod: Pod, target: WantedTarget): Place | undefined {
  const metadata = { namespace: 'shop' };
  const services = cluster.services.map(({ name, headless, targetPort }) =>
    parseService({
      metadata: { ...metadata, name },
      spec: {
        selector: { app: 'orders' },
        clusterIP: headless ? 'None' : '10.96.0.1',
        ports: [{ port: 80, targetPort }],
      },
    }),
  );
  const workload = parseWorkload('Deployment', {
    metadata: { ...metadata, name: 'orders' },
    spec: {
      selector: { matchLabels: { app: 'orders' } },
      template: { spec: (buildPod(cluster) as RawPod).spec ?? {} },
    },
  });
  const state = {
    ...buildState({}),
    services: new Map(services.map((model) => [`shop/${model.name}`, model])),
    workloads: new Map([['Deployment/shop/orders', workload]]),
    pods: new Map([['shop/orders-a-1', parsePod(pod as RawPod)]]),
  };
  const question = { action: 'Redirect', target, namespace: 'shop', installNamespace: 'tp', nowMs: 0 } as const;
  const found = resolveTarget(state, buildClusterIndex(state), question);
  return isRefusal(found) ? undefined : found.places[0];
}

test('an agent that is made for several intercepts serves each of them', (t) => {
  t.plan(1);
  let served = 0;
  fc.assert(
    fc.property(asked, (cluster) => {
      const pod = inject(cluster, cluster.targets);
      for (const target of cluster.targets) {
        const place = findPlace(cluster, pod, target);
        if (place === undefined) continue;
        if (place.captured === undefined) throw new Error(`not served: ${JSON.stringify(target)}`);
        served++;
      }
    }),
    { numRuns: NUM_RUNS },
  );
  t.true(served > NUM_RUNS / 10, 'too few are served to show anything');
});

test('an agent serves a Service only if the port that Kubernetes finds for it is the agent’s', (t) => {
  t.plan(1);
  let served = 0;
  fc.assert(
    fc.property(asked, (cluster) => {
      const pod = inject(cluster, cluster.targets.slice(0, 1));
      for (const { name, targetPort } of cluster.services) {
        const captured = findPlace(cluster, pod, { kind: 'Service', name })?.captured;
        if (captured?.capture !== 'Name') continue;
        if (findPort(pod, targetPort) !== captured.agentPort)
          throw new Error(`${targetPort} does not lead to the agent`);
        served++;
      }
    }),
    { numRuns: NUM_RUNS },
  );
  t.true(served > NUM_RUNS / 10, 'too few are served to show anything');
});

/** As Kubernetes resolves a Service's target port: the pod's own containers first. */
function findPort({ spec: { containers, initContainers = [] } }: Pod, port: number | string): number | undefined {
  if (typeof port === 'number') return port;
  const all = [...containers, ...initContainers].flatMap(({ ports = [] }) => ports);
  return all.find(({ name }) => name === port)?.containerPort;
}
