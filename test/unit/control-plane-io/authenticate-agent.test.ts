// Which token is an agent's, and how long that holds.

import test from 'ava';
import { createAuthenticateAgent, isCurrentAgent } from '../../../control-plane/src/authenticate-agent.ts';
import type { PodModel } from '../../../control-plane/src/state/cluster-state.ts';
import { good, reviewer, user } from './helpers/token-reviewer.ts';

const authenticate = test.macro(async (t, status: object, known: Partial<PodModel>, reason?: RegExp) => {
  const findPod = (node: string) => (node === 'shop/p' ? (known as PodModel) : undefined);
  const check = createAuthenticateAgent({ reviewer: reviewer(status).reviewer, findPod });
  const result = await check('token');
  if (result.ok) t.deepEqual(result, { ok: true, node: 'shop/p', instance: 'u' });
  else t.regex(result.reason, reason ?? /none/);
});
const injected: Partial<PodModel> = { uid: 'u', agent: { version: '1', ports: [] } };
test('agent: its own token', authenticate, good, injected);
test('agent: the token of an earlier pod', authenticate, good, { ...injected, uid: 'new' }, /earlier pod/);
test('agent: a pod without agent', authenticate, good, { uid: 'u' }, /has no agent/);
test('agent: an unknown token', authenticate, { authenticated: false }, injected, /not valid/);
test('agent: another audience', authenticate, { ...good, audiences: ['kube'] }, injected, /audience/);
test('agent: no pod', authenticate, { ...good, user: user({ extra: {} }) }, injected, /not bound/);
test('agent: no service account', authenticate, { ...good, user: user({ username: 'alice' }) }, injected, /not bound/);

test('an agent whose pod the watch has yet to show is asked to try again', async (t) => {
  const check = createAuthenticateAgent({ reviewer: reviewer(good).reviewer, findPod: () => undefined });
  await t.throwsAsync(check('token'), { message: /shop\/p has not been seen yet/ });
});

test('a stream outlives neither its pod nor its agent', (t) => {
  const agent = { node: 'shop/p', instance: 'u' };
  const isCurrent = (pod: Partial<PodModel> | undefined) => isCurrentAgent(agent, () => pod as PodModel | undefined);
  t.true(isCurrent(injected));
  t.false(isCurrent(undefined));
  t.false(isCurrent({ ...injected, uid: 'new' }));
  t.false(isCurrent({ uid: 'u' }));
});
