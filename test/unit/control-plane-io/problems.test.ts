// What an intercept says when agents cannot take it.

import test from 'ava';
import { withProblems } from '../../../control-plane/src/report/problems.ts';
import { translate } from '../../../control-plane/src/translator/index.ts';
import { buildState } from '../../fixtures/cluster-state.ts';
import { CONTEXT } from '../../fixtures/translation.ts';

const TRANSLATION = translate(
  buildState({
    services: [{ name: 'orders' }],
    workloads: [{ name: 'orders' }],
    pods: [{ name: 'orders-1', agent: 'Name' }],
    intercepts: [{ name: 'orders-me', target: 'service/orders', headers: { 'x-dev': 'me' } }],
  }),
  CONTEXT,
);

function messageAfter(problem: string): string | undefined {
  const { statuses } = withProblems(TRANSLATION, new Map([['team-a/orders-me', problem]]));
  const programmed = statuses.get('team-a/orders-me')?.conditions.find(({ type }) => type === 'Programmed');
  return programmed?.status === 'False' ? programmed.message : undefined;
}

test("a problem is told as it is, whatever a header's name does to text that is replaced", (t) => {
  const problem = 'header "x-$&-$\'" cannot be matched';
  t.is(messageAfter(problem), `An agent rejected its configuration: ${problem}`);
});

test('a problem is cut to what the CRD takes', (t) => {
  t.is(messageAfter('x'.repeat(5000))?.length, 4096);
});
