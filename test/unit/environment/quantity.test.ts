// Quantities, divisors and fields, as the kubelet computes them.

import test from 'ava';
import { fieldValue, resourceValue } from '../../../kubectl-tp/src/environment/field-value.ts';
import { parseQuantity } from '../../../kubectl-tp/src/environment/quantity.ts';

const NANO = 1_000_000_000n;

test('quantities are exact', (t) => {
  const cases: [string, bigint | undefined][] = [
    ['1', NANO],
    ['64Mi', 67_108_864n * NANO],
    ['1.5Gi', 1_610_612_736n * NANO],
    ['250m', 250_000_000n],
    ['0.1', 100_000_000n],
    ['1e3', 1000n * NANO],
    ['2E', 2n * 10n ** 18n * NANO],
    ['1E2', 100n * NANO],
    ['5n', 5n],
    ['.5', 500_000_000n],
    ['0.1n', 1n],
    ['-1', -NANO],
    ['', undefined],
    ['.', undefined],
    ['1Xi', undefined],
    ['Mi', undefined],
  ];
  for (const [text, expected] of cases) t.is(parseQuantity(text), expected, text);
});

const container = {
  name: 'app',
  resources: { limits: { cpu: '1500m', memory: '64Mi' }, requests: { cpu: '250m', memory: '1000' } },
};
const resource = (name: string, divisor?: string) =>
  resourceValue({ resource: name, ...(divisor === undefined ? {} : { divisor }) }, container);

test('resources are numbers of divisors, rounded up', (t) => {
  t.deepEqual(resource('limits.cpu'), { value: '2' });
  t.deepEqual(resource('limits.cpu', '0'), { value: '2' });
  t.deepEqual(resource('limits.cpu', '1m'), { value: '1500' });
  t.deepEqual(resource('requests.cpu'), { value: '1' });
  t.deepEqual(resource('limits.memory'), { value: '67108864' });
  t.deepEqual(resource('limits.memory', '1Mi'), { value: '64' });
  t.deepEqual(resource('limits.memory', '1M'), { value: '68' });
  t.deepEqual(resource('requests.memory', '1Ki'), { value: '1' });
  t.deepEqual(resource('requests.ephemeral-storage'), { value: '0' });
});

test("without a limit it is the node's size, which is told to be missing", (t) => {
  t.regex((resource('limits.ephemeral-storage') as { error: string }).error, /no limit of ephemeral-storage/);
});

test('all labels or annotations are lines, quoted as Go quotes', (t) => {
  const pod = {
    metadata: {
      name: 'p',
      labels: { b: '2', a: '1' },
      annotations: { text: 'say "hi"\n\\ \x01 \u00e9 \u200b \u{e0001}' },
    },
    spec: { containers: [] },
  };
  t.deepEqual(fieldValue({ fieldPath: 'metadata.labels' }, pod), { value: 'a="1"\nb="2"' });
  t.deepEqual(fieldValue({ fieldPath: 'metadata.annotations' }, pod), {
    value: 'text="say \\"hi\\"\\n\\\\ \\x01 \u00e9 \\u200b \\U000e0001"',
  });
});
