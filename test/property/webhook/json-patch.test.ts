import test from 'ava';
import fc from 'fast-check';
import { buildJsonPatch } from '../../../webhook/src/admission/json-patch.ts';
import { applyJsonPatch } from '../../fixtures/apply-json-patch.ts';

/** Keys with everything that a pointer must escape. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom('a', 'b/c', '~d', '~1', 'e.f'), tie('value'), { noNullPrototype: true }),
})).value;

test('applying the patch from one value to another gives the other', (t) => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      t.deepEqual(applyJsonPatch(before, buildJsonPatch(before, after)), after);
    }),
  );
});

test('equal values differ by nothing', (t) => {
  fc.assert(fc.property(json, (value) => t.deepEqual(buildJsonPatch(value, structuredClone(value)), [])));
});
