// Processor time of one translation in a large cluster: it runs after every change, so it bounds how fast a change
// becomes effective. 10,000 pods of which 2,000 have agents, 200 intercepts.

import { translate } from '../control-plane/src/translator/index.ts';
import { buildState, type PodWords, type StateWords } from '../test/fixtures/cluster-state.ts';
import { acknowledgeAll, CONTEXT } from '../test/fixtures/translation.ts';

const WORKLOADS = 1000;
const PODS_EACH = 10;
const WORKLOADS_WITH_AGENTS = 200;
const INTERCEPTS = 200;
const RUNS = 30;

const CLUSTERS = {
  'in 20 namespaces': acknowledgeAll(buildState(buildWords((index) => `team-${index % 20}`))),
  'in one namespace': acknowledgeAll(buildState(buildWords(() => 'team'))),
};

for (const [name, state] of Object.entries(CLUSTERS)) {
  // The first translation of a process hashes what every agent has; the next ones remember who acknowledged.
  const { memory } = translate(state, CONTEXT);
  for (const [when, context] of [
    ['first', CONTEXT],
    ['later', { ...CONTEXT, memory }],
  ] as const) {
    const timesMs = Array.from({ length: RUNS }, () => measureMs(() => translate(state, context))).sort(
      (a, b) => a - b,
    );
    console.log(
      `translate, ${name}, ${when}: median ${timesMs[RUNS / 2]?.toFixed(1)} ms, worst ${timesMs.at(-1)?.toFixed(1)} ms`,
    );
  }
  const { agents, statuses } = translate(state, CONTEXT);
  const ready = [...statuses.values()].filter(({ conditions }) => conditions.every(({ status }) => status === 'True'));
  console.log(`  ${state.pods.size} pods, ${agents.size} agents, ${ready.length} of ${statuses.size} intercepts ready`);
}

/** Processor time of this thread: other programs on the machine don't count. */
function measureMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function buildWords(namespaceOf: (index: number) => string): StateWords {
  const apps = Array.from({ length: WORKLOADS }, (_, index) => ({
    name: `app${index}`,
    namespace: namespaceOf(index),
  }));
  return {
    services: apps.map((app) => ({ ...app, selector: { tier: 'shop', app: app.name } })),
    workloads: apps,
    pods: apps.flatMap((app, index) => buildPods(app, index < WORKLOADS_WITH_AGENTS)),
    intercepts: apps.slice(0, INTERCEPTS).map(({ name, namespace }) => ({
      name: `${name}-me`,
      namespace,
      target: `service/${name}`,
      headers: { 'x-dev': 'me' },
    })),
  };
}

function buildPods({ name, namespace }: { name: string; namespace: string }, hasAgents: boolean): PodWords[] {
  return Array.from({ length: PODS_EACH }, (_, index) => ({
    name: `${name}-${index}`,
    namespace,
    labels: { tier: 'shop', app: name, version: '1', 'pod-template-hash': 'abc' },
    ...(hasAgents ? { agent: 'Name' as const } : {}),
  }));
}
