// An error as text for people or as JSON for programs, and its exit code.

import { describeError, EXIT, type ExitCode, exitCodeOf } from '../errors.ts';
import type { OutputFormat } from './printer.ts';

export type Explanation = { readonly text: string; readonly exitCode: ExitCode };

export function explainError(error: unknown, format: OutputFormat, options: { debug?: boolean } = {}): Explanation {
  const { code, message, hint } = describeError(error);
  const exitCode = exitCodeOf(code);
  if (format === 'json')
    return { text: JSON.stringify({ error: { code, exitCode, message, hint } }, null, 2), exitCode };
  if (exitCode === EXIT.interrupted) return { text: message, exitCode };
  const trace = options.debug && error instanceof Error ? `\n${error.stack}` : '';
  return { text: `error: ${message}${hint === undefined ? '' : `\n${hint}`}\n(${code})${trace}`, exitCode };
}
