// Whose a token is, as the API server says: asked rarely, and of few at a time.

import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { type KubernetesClient, KubernetesError } from '../../../control-plane/src/kubernetes/index.ts';
import { createTokenReviewer } from '../../../control-plane/src/kubernetes/token-review.ts';
import { good, reviewer } from './helpers/token-reviewer.ts';

test('a token says whose it is, and is asked about once a minute', async (t) => {
  const now = { ms: 0 };
  const { reviewer: reviews, asked } = reviewer(good, now);
  const expected = { ok: true, pod: { namespace: 'shop', pod: 'p', uid: 'u' } };
  t.deepEqual((await Promise.all([reviews.review('a'), reviews.review('a')]))[1], expected as never);
  t.is(asked.length, 1);
  now.ms = 59_999;
  await reviews.review('a');
  t.is(asked.length, 1);
  now.ms = 60_000;
  await reviews.review('a');
  await reviews.review('b');
  t.is(asked.length, 3);
});

test('an API server that does not answer is asked again', async (t) => {
  let isAway = true;
  const { reviewer: reviews } = reviewer(() => {
    if (isAway) throw new KubernetesError('KUBERNETES_UNREACHABLE', 'away');
    return good;
  });
  await t.throwsAsync(reviews.review('a'), { code: 'KUBERNETES_UNREACHABLE' });
  isAway = false;
  t.true((await reviews.review('a')).ok);
});

test('however many tokens are guessed, few are asked about at a time', async (t) => {
  let asking = 0;
  let most = 0;
  const create = async () => {
    asking += 1;
    most = Math.max(most, asking);
    await nextTurn();
    asking -= 1;
    return { status: { authenticated: false } };
  };
  const reviews = createTokenReviewer({ client: { create } as unknown as KubernetesClient, now: () => 0 });
  const verdicts = await Promise.all(Array.from({ length: 200 }, (_, guess) => reviews.review(`guess-${guess}`)));
  t.is(verdicts.filter(({ ok }) => !ok).length, 200);
  t.is(most, 16);
  t.like(await reviews.review('x'.repeat(20_000)), { ok: false, reason: 'the token is too long' });
});
