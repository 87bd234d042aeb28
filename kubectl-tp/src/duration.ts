// Durations as people type them: 90s, 15m, 2h, 1h30m.

import { TpError } from './errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const WHOLE = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** Milliseconds. `flag` is what the error names. */
export function parseDuration(text: string, flag: string): number {
  const parts = WHOLE.test(text) ? [...text.matchAll(PART)] : [];
  const total = parts.reduce((sum, [, number = '', unit = '']) => sum + Number(number) * (UNIT_MS[unit] ?? 0), 0);
  if (total > 0) return Math.round(total);
  throw new TpError('BAD_DURATION', `${flag} does not understand "${text}".`, {
    hint: `Write it like ${flag} 30m or ${flag} 1h30m.`,
  });
}
