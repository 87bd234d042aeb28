// Where an agent's connection goes whose intercept is just being made.

import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { createTargetLookup } from '../../../kubectl-tp/src/session/intercepts/target-lookup.ts';
import type { LocalTarget } from '../../../kubectl-tp/src/tunnel/local-target.ts';

const WEB = { namespace: 'team-a', name: 'web' };
const TARGET = { host: 'localhost', port: 8080 };

function createScene() {
  let target: LocalTarget | undefined;
  const asked: string[] = [];
  const lookup = createTargetLookup(({ namespace, name }) => {
    asked.push(`${namespace}/${name}`);
    return target;
  });
  const find = (namespace = 'team-a') => lookup.lookUp(namespace, 'web');
  const setTarget = (found: LocalTarget) => {
    target = found;
  };
  return { ...lookup, asked, find, setTarget };
}

/** After all that can follow at once from what is known now. */
const hasSettled = async (result: unknown) =>
  (await Promise.race([Promise.resolve(result).then(() => 'settled'), nextTurn('waits')])) === 'settled';

test('waits while its intercept is made, and finds what is known then', async (t) => {
  const { whileMaking, find, setTarget, asked } = createScene();
  t.is(find(), undefined, 'nobody makes it');
  const answer = Promise.withResolvers<string>();
  const made = whileMaking(WEB, () => answer.promise);
  const found = find();
  t.false(await hasSettled(found));
  t.is(find('team-b'), undefined, 'another one of that name');
  setTarget(TARGET);
  t.is(find(), TARGET, 'who knows it already does not wait');
  answer.resolve('object');
  t.is(await made, 'object');
  t.is(await found, TARGET);
  t.deepEqual([...new Set(asked)], ['team-a/web', 'team-b/web']);
});

test('one that could not be made has no target, and nobody waits for it any more', async (t) => {
  const { whileMaking, find } = createScene();
  const made = whileMaking(WEB, () => Promise.reject(new Error('forbidden')));
  const found = find();
  await t.throwsAsync(made, { message: 'forbidden' });
  t.is(await found, undefined);
  t.is(find(), undefined);
});

test('the same command twice at once: waits for both', async (t) => {
  const { whileMaking, find } = createScene();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  void whileMaking(WEB, () => first.promise);
  void whileMaking(WEB, () => second.promise);
  second.resolve();
  t.false(await hasSettled(find()));
  first.resolve();
  t.true(await hasSettled(find()));
});
