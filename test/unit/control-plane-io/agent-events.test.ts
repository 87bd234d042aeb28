// What is known of an agent after what it said.

import test from 'ava';
import { afterAgentEvent } from '../../../control-plane/src/agent-events.ts';
import type { AgentState } from '../../../control-plane/src/state/cluster-state.ts';
import type { AgentEvent } from '../../../xds/src/index.ts';

test('what an agent says becomes what is known of it', (t) => {
  const node = 'a/b';
  const hear = (before: AgentState | undefined, event: AgentEvent) => afterAgentEvent(before, event, () => 'uid/1');
  const connected = hear(undefined, { kind: 'connected', node });
  t.deepEqual(connected, { acknowledged: undefined, rejection: undefined });
  const acknowledged = hear(connected, { kind: 'acknowledged', node, tag: 'x' });
  t.deepEqual(acknowledged, { acknowledged: 'x', rejection: undefined });
  const rejection = { kind: 'rejected', node, type: 'route', names: ['in/80'], message: 'bad regex' } as const;
  t.is(hear(acknowledged, { kind: 'rejoined', node }), acknowledged);
  const rejected = hear(acknowledged, rejection);
  t.deepEqual(rejected, { acknowledged: 'x', rejection: 'route in/80: bad regex' });
  t.is(hear(rejected, { kind: 'acknowledged', node, tag: 'y' })?.rejection, undefined);
  t.is(hear(rejected, { kind: 'refused', node, reason: 'replaced', detail: '' } as never), rejected);
  t.is(hear(rejected, { kind: 'disconnected', node, reason: '' }), undefined);
});

test('what an agent refuses of one intercept is held against that one alone, until the agent begins anew', (t) => {
  const node = 'a/b';
  const hear = (before: AgentState | undefined, event: AgentEvent) =>
    afterAgentEvent(before, event, (intercept) => (intercept === 'team-a/gone' ? undefined : 'uid/1'));
  const refusal = (name: string) =>
    ({ kind: 'rejected', node, type: 'cluster', names: [name], message: 'no' }) as const;
  const refused = hear({ acknowledged: 'x', rejection: undefined }, refusal('tunnel/team-a/me'));
  const quarantine = { 'team-a/me': { revision: 'uid/1', text: 'cluster tunnel/team-a/me: no' } };
  t.deepEqual(refused, { acknowledged: 'x', rejection: undefined, quarantine });
  t.deepEqual(hear(refused, { kind: 'acknowledged', node, tag: 'y' }), { ...refused, acknowledged: 'y' } as AgentState);
  t.deepEqual(hear(refused, refusal('probe/team-a/gone')), refused);
  t.is(hear(refused, refusal('app/8080'))?.rejection, 'cluster app/8080: no');
  t.deepEqual(hear(refused, { kind: 'connected', node }), { acknowledged: undefined, rejection: undefined });
});
