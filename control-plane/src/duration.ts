// Durations as people write them: `90s`, `10m`, `1h30m`, `2d`.

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 };
const DURATION = /^(\d{1,9}(ms|s|m|h|d))+$/;

/** Milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let totalMs = 0;
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+)([a-z]+)/g)) {
    totalMs += Number(number) * (UNITS_MS[unit] ?? 0);
  }
  return totalMs;
}
