// Counts of test results, and how to read them from the TAP lines that ava prints. Pure.

export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

export const emptyTally: Tally = { passed: 0, failed: 0, skipped: 0 };

export const addTally = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** What one line of TAP says: a result, or nothing. */
export function parseTapLine(line: string): keyof Tally | undefined {
  const result = line.match(/^(not )?ok \d+/);
  if (!result) return undefined;
  if (/ # (SKIP|TODO)\b/i.test(line)) return 'skipped';
  return result[1] ? 'failed' : 'passed';
}

/** The closing line of a run. */
export function describeTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
