// Durations as people and charts write them.

import test from 'ava';
import { parseDuration } from '../../../control-plane/src/api/duration.ts';

test('durations', (t) => {
  const cases = {
    '1h30m': 5400_000,
    '2d': 172_800_000,
    '500ms': 500,
    '0.5s': 500,
    '10m': 600_000,
    '': undefined,
    '10': undefined,
    h: undefined,
  };
  for (const [text, expected] of Object.entries(cases)) t.is(parseDuration(text), expected, text);
});
