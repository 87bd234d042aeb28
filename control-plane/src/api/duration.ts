// Durations as people write them: `90s`, `10m`, `1h30m`, `0.5s`, `2d`.

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 };
const DURATION = /^(\d{1,9}(\.\d{1,3})?(ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** Milliseconds, rounded; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let totalMs = 0;
  for (const [, number = '', unit = ''] of text.matchAll(PART)) totalMs += Number(number) * (UNITS_MS[unit] ?? 0);
  return Math.round(totalMs);
}
