// What a pod says about its agent is read by the plugin as the control plane reads it, whoever wrote it.

import test from 'ava';
import { parseAgentDescription } from '../../../control-plane/src/api/parse-agent-description.ts';
import { describeAgent } from '../../../kubectl-tp/src/kubernetes/describe-agent.ts';
import { findContainer } from '../../../kubectl-tp/src/kubernetes/find-container.ts';
import type { Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';

const PORT = { name: 'http', appPort: 8080, agentPort: 15100, capture: 'Name', container: 'app' };
const AGENT = { version: '1.0.0', ports: [PORT] };

function buildPod(annotation: string): Pod {
  const containers = [{ name: 'first' }, { name: 'app' }];
  return {
    metadata: { name: 'orders-1', namespace: 'shop', annotations: { 'kubectl-tp.dev/agent': annotation } },
    spec: { containers },
  };
}

test('the description that the webhook wrote', (t) => {
  const { name: _, ...unnamed } = PORT;
  for (const ports of [[PORT], [unnamed, PORT], []]) {
    const written = { ...AGENT, ports };
    t.deepEqual(describeAgent(buildPod(JSON.stringify(written))), written as never);
  }
  t.is(findContainer([buildPod(JSON.stringify(AGENT))], { port: 8080 })?.container.name, 'app');
});

const JUNK = [
  'true',
  'yes',
  '',
  '{',
  'null',
  '[]',
  '{}',
  ...[
    { ...AGENT, version: 1 },
    { ...AGENT, ports: undefined },
    { ...AGENT, ports: { 0: PORT } },
    ...[
      null,
      'http',
      { ...PORT, name: 80 },
      { ...PORT, appPort: '8080' },
      { ...PORT, appPort: 0 },
      { ...PORT, agentPort: 1.5 },
      { ...PORT, agentPort: 65_536 },
      { ...PORT, capture: 'Magic' },
      { ...PORT, container: undefined },
    ].map((port) => ({ ...AGENT, ports: [PORT, port] })),
  ].map((value) => JSON.stringify(value)),
];

for (const annotation of JUNK) {
  test(`a pod annotated with ${JSON.stringify(annotation)} has no agent`, (t) => {
    const pod = buildPod(annotation);
    t.is(parseAgentDescription(pod.metadata.annotations), undefined);
    t.is(describeAgent(pod), undefined);
    t.is(findContainer([pod], { port: 8080 })?.container.name, 'first');
  });
}
