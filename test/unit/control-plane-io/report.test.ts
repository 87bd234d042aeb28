import test from 'ava';
import fc from 'fast-check';
import type { Condition, Intercept, InterceptStatus } from '../../../control-plane/src/api/index.ts';
import { buildMergePatch } from '../../../control-plane/src/kubernetes/merge-patch.ts';
import { findTransitions, withTransitionTimes } from '../../../control-plane/src/report/conditions.ts';
import { buildStatusPatch, type StatusWish } from '../../../control-plane/src/report/intercept-status.ts';
import { withProblems } from '../../../control-plane/src/report/problems.ts';
import type { DesiredStatus, Translation } from '../../../control-plane/src/translator/index.ts';
import { interceptObject } from '../../helpers/shop.ts';

const NOW = '2026-02-02T00:00:00.000Z';
const BEFORE = '2026-01-01T00:00:00.000Z';
const condition = (type: string, status: Condition['status'], reason = type) => ({
  type,
  status,
  reason,
  message: 'm',
});
const DESIRED: DesiredStatus = {
  observedGeneration: 1,
  conditions: [condition('Accepted', 'True'), condition('Ready', 'False', 'NotProgrammed')],
  agents: { ready: 0, total: 1 },
};
const WISH: StatusWish = {
  replica: 'me',
  report: undefined,
  desired: DESIRED,
  replicas: new Set(['me', 'you']),
  now: NOW,
};
const withStatus = (status: InterceptStatus) => ({ ...interceptObject(), status }) as Intercept;

test('the first status is written whole', (t) => {
  const patch = buildStatusPatch(interceptObject() as Intercept, WISH) as InterceptStatus;
  t.is(patch.conditions?.length, 2);
  t.true(patch.conditions?.every(({ lastTransitionTime }) => lastTransitionTime === NOW));
  t.deepEqual(patch.agents, { ready: 0, total: 1 });
});

test('a status that the object has already is not written again', (t) => {
  const conditions = DESIRED.conditions.map((each) => ({ ...each, lastTransitionTime: BEFORE }));
  t.is(buildStatusPatch(withStatus({ ...DESIRED, conditions }), WISH), undefined);
});

test('a condition keeps its time while its status stays; a list is written whole', (t) => {
  const conditions = [condition('Accepted', 'True'), condition('Ready', 'True')].map((each) => ({
    ...each,
    lastTransitionTime: BEFORE,
  }));
  const patch = buildStatusPatch(withStatus({ ...DESIRED, conditions }), WISH) as InterceptStatus;
  t.deepEqual(Object.keys(patch), ['conditions']);
  t.deepEqual(
    patch.conditions?.map(({ lastTransitionTime }) => lastTransitionTime),
    [BEFORE, NOW],
  );
});

test('what is no longer so is taken away', (t) => {
  const conditions = DESIRED.conditions.map((each) => ({ ...each, lastTransitionTime: BEFORE }));
  const patch = buildStatusPatch(withStatus({ ...DESIRED, conditions, appPort: 8080, capture: 'Nft' }), WISH);
  t.deepEqual(patch, { appPort: null, capture: null });
});

test('a replica that does not lead writes its own report and nothing else', (t) => {
  const report = { generation: 1, pods: ['p'] };
  const wish = { ...WISH, desired: undefined, report };
  t.deepEqual(buildStatusPatch(interceptObject() as Intercept, wish), { reports: { me: report } });
  t.is(buildStatusPatch(withStatus({ reports: { me: report, gone: report } }), wish), undefined);
  const rejected = withStatus({ reports: { me: { ...report, rejection: 'no' } } });
  t.deepEqual(buildStatusPatch(rejected, wish), { reports: { me: { rejection: null } } });
});

test('the leader takes away the reports of replicas that no longer live', (t) => {
  const report = { generation: 1, pods: ['p'] };
  const conditions = DESIRED.conditions.map((each) => ({ ...each, lastTransitionTime: BEFORE }));
  const object = withStatus({ ...DESIRED, conditions, reports: { you: report, gone: report } });
  t.deepEqual(buildStatusPatch(object, WISH), { reports: { gone: null } });
});

test('news are conditions with another status or reason, not with other words', (t) => {
  const before = [condition('Ready', 'False', 'NotProgrammed')].map((each) => ({
    ...each,
    lastTransitionTime: BEFORE,
  }));
  t.deepEqual(findTransitions([{ ...condition('Ready', 'False', 'NotProgrammed'), message: 'other' }], before), []);
  t.is(findTransitions([condition('Ready', 'False', 'LaptopAway')], before).length, 1);
  t.is(findTransitions([condition('New', 'True')], before).length, 1);
  t.is(withTransitionTimes([condition('New', 'True')], before, NOW)[0]?.lastTransitionTime, NOW);
});

test('law: a merge patch turns one object into the other, and equal ones into none', (t) => {
  // Null means "take away" in a merge patch, so objects of the API have none. `__proto__` is no name in the API.
  const isOrdinary = (value: unknown) => !/null|__proto__/.test(JSON.stringify(value));
  const json = fc.jsonValue({ maxDepth: 4 });
  const object = fc.dictionary(fc.string({ minLength: 1 }), json, { noNullPrototype: true }).filter(isOrdinary);
  fc.assert(
    fc.property(object, object, (from, to) => {
      const patch = buildMergePatch(from, to);
      t.deepEqual(normal(patch === undefined ? from : apply(from, patch)), normal(to));
      t.is(buildMergePatch(to, structuredClone(to)), undefined);
    }),
  );
});

/** RFC 7386. */
function apply(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, apply(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Minus zero is zero in JSON. */
const normal = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('what cannot be published is told to the owner of the intercept', (t) => {
  const conditions = ['Accepted', 'Programmed', 'Ready'].map((type) => condition(type, 'True'));
  const statuses = new Map(['shop/a', 'shop/b'].map((key) => [key, { ...DESIRED, conditions }]));
  const translation = { statuses } as unknown as Translation;
  const after = withProblems(translation, new Map([['shop/a', 'no such header']])).statuses;
  const [accepted, programmed, ready] = after.get('shop/a')?.conditions ?? [];
  t.is(accepted?.status, 'True');
  t.like(programmed, { status: 'False', reason: 'Rejected' });
  t.regex(programmed?.message ?? '', /no such header/);
  t.like(ready, { status: 'False', reason: 'NotProgrammed' });
  t.deepEqual(after.get('shop/b'), statuses.get('shop/b'));
});
