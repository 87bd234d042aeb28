// Durations on the command line: --ttl 1h30m.

// Not from `api`, which would load the schemas of all objects for each command.
import { parseDuration } from '@kubectl-tp/control-plane/api/duration';
import { TpError } from './errors.ts';

/** Milliseconds, more than none. `flag` is what the error BAD_DURATION names. */
export function readDuration(text: string, flag: string): number {
  const durationMs = parseDuration(text);
  if (durationMs) return durationMs;
  const why = durationMs === 0 ? 'it is no time at all' : 'it is not a number with s, m or h';
  throw new TpError('BAD_DURATION', `${flag} does not understand "${text}": ${why}.`, {
    hint: `Write it like ${flag} 30m or ${flag} 1h30m.`,
  });
}
