// The form of an error, as people see it: one line that says what happened and why, the next step, and the code.

import type { ExecutionContext } from 'ava';
import { type ErrorCode, exitCodeOf } from '../../kubectl-tp/src/errors.ts';
import type { Ended } from './processes.ts';

export type Refusal = {
  readonly code: ErrorCode;
  /** What happened and why. */
  readonly says: RegExp;
  /** What to type next. */
  readonly next: RegExp;
};

/** Progress may come before; nothing else, and nothing on standard output. A test that fails tells the `command`. */
export function expectRefusal(t: ExecutionContext, ended: Ended, { code, says, next }: Refusal, command = ''): void {
  const { stdout, stderr } = ended;
  const told = `${command}\n${stderr}`;
  const [, message = '', hint = '', named] = /^(?:[A-Z].*\n)*error: (.*)\n((?:.+\n)+)\((\w+)\)\n$/.exec(stderr) ?? [];
  t.is(named, code, told);
  t.is(ended.code, exitCodeOf(code), told);
  t.regex(message, says, told);
  t.regex(hint, next, told);
  t.is(stdout, '', told);
  t.false(stderr.includes('    at '), told);
}
