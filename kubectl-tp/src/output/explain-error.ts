// An error as text for people or as JSON for programs, and its exit code.

import { describeError, EXIT, type ExitCode, exitCodeOf } from '../errors.ts';
import { toPlainJson, toPlainText } from './plain-text.ts';
import type { OutputFormat } from './printer.ts';

export type Explanation = { readonly text: string; readonly exitCode: ExitCode };

export function explainError(error: unknown, format: OutputFormat, options: { debug?: boolean } = {}): Explanation {
  const { code, message, hint } = describeError(error);
  const exitCode = exitCodeOf(code);
  if (format === 'json') return { text: toPlainJson({ error: { code, exitCode, message, hint } }), exitCode };
  if (exitCode === EXIT.interrupted) return { text: toPlainText(message), exitCode };
  const trace = options.debug && error instanceof Error ? `\n${error.stack}` : '';
  const text = `error: ${message}${hint === undefined ? '' : `\n${hint}`}\n(${code})${trace}`;
  return { text: toPlainText(text), exitCode };
}
