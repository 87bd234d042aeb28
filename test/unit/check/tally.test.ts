import test from 'ava';
import { describeTally, parseTapLine, type Tally } from '../../runner/tally.ts';

const says = test.macro({
  exec: (t, line: string, result: keyof Tally | undefined) => t.is(parseTapLine(line), result),
  title: (_, line, result) => `"${line}" is ${result ?? 'no result'}`,
});

test(says, 'ok 1 - a › b', 'passed');
test(says, 'not ok 12 - a › b', 'failed');
test(says, 'ok 3 - a › b # SKIP', 'skipped');
test(says, 'not ok 3 - a › b # TODO', 'skipped');
test(says, '    not ok 3 - what an application printed', undefined);
test(says, '# a › b', undefined);
test(says, '1..3', undefined);

test('the closing line is the one that test runners are read by', (t) => {
  t.is(describeTally({ passed: 3, failed: 0, skipped: 0 }), '3 passed, 0 failed');
  t.is(describeTally({ passed: 3, failed: 1, skipped: 2 }), '3 passed, 1 failed, 2 skipped');
});
