// What an intercept says while the API server refuses the rollout it waits for.

import test from 'ava';
import { KubernetesError } from '../../../control-plane/src/kubernetes/index.ts';
import { withRefusedRollouts } from '../../../control-plane/src/report/refused-rollouts.ts';
import { translate } from '../../../control-plane/src/translator/index.ts';
import { buildState } from '../../fixtures/cluster-state.ts';
import { CONTEXT } from '../../fixtures/translation.ts';

const TRANSLATION = translate(
  buildState({
    services: [{ name: 'orders' }, { name: 'carts' }],
    workloads: [{ name: 'orders' }, { name: 'carts' }],
    pods: [{ name: 'orders-1' }, { name: 'carts-1' }],
    intercepts: [
      { name: 'orders-me', target: 'service/orders', headers: { 'x-dev': 'me' } },
      { name: 'carts-me', target: 'service/carts', headers: { 'x-dev': 'me' } },
    ],
  }),
  CONTEXT,
);

function programmedAfter(failure: unknown, intercept: string) {
  const told = withRefusedRollouts(TRANSLATION, ({ name }) => (name === 'orders' ? failure : undefined));
  return told.statuses.get(`team-a/${intercept}`)?.conditions.find(({ type }) => type === 'Programmed');
}

test('a refusal is told to those who wait for the rollout, and to nobody else', (t) => {
  const refusal = new KubernetesError('KUBERNETES_REFUSED', 'denied by policy frozen.', { status: 403 });
  const programmed = programmedAfter(refusal, 'orders-me');
  t.like(programmed, { status: 'False', reason: 'AgentMissing' });
  t.is(
    programmed?.message,
    'The API server refuses to roll Deployment orders: denied by policy frozen. Pods that come another way get an agent, too: kubectl -n team-a rollout restart deployment/orders',
  );
  t.is(programmedAfter(refusal, 'carts-me')?.reason, 'RollingOut');
});

test('a refusal is cut to what the CRD takes', (t) => {
  const refusal = new KubernetesError('KUBERNETES_REFUSED', 'x'.repeat(5000), { status: 403 });
  const message = programmedAfter(refusal, 'orders-me')?.message;
  t.is(message?.length, 4096);
  t.regex(message ?? '', /^The API server refuses to roll Deployment orders: x+$/);
});

const goesOn = test.macro((t, failure: unknown) => t.is(programmedAfter(failure, 'orders-me')?.reason, 'RollingOut'));
test('no refusal: nothing has failed', goesOn, undefined);
test('no refusal: too busy', goesOn, new KubernetesError('KUBERNETES_REFUSED', 'later', { status: 429 }));
test('no refusal: no answer', goesOn, new KubernetesError('KUBERNETES_UNREACHABLE', 'away'));
