// Durations on the command line: --ttl 1h30m.

// Not from `api`, which would load the schemas of all objects for each command.
import { parseDuration } from '@kubectl-tp/control-plane/api/duration';
import { TpError } from './errors.ts';

/** Timers hold no more than 24.8 days. */
const LONGEST_MS = 24 * 86_400_000;

/** Milliseconds, more than none. `flag` is what the error BAD_DURATION names. */
export function readDuration(text: string, flag: string): number {
  const durationMs = parseDuration(text);
  if (durationMs && durationMs <= LONGEST_MS) return durationMs;
  const why = durationMs === undefined ? 'it is not a number with s, m, h or d' : explainBound(durationMs);
  throw new TpError('BAD_DURATION', `${flag} does not understand "${text}": ${why}.`, {
    hint: `Write it like ${flag} 30m or ${flag} 1h30m.`,
  });
}

function explainBound(durationMs: number): string {
  return durationMs === 0 ? 'it is no time at all' : 'it is more than 24d';
}
