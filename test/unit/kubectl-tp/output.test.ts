// What reaches the terminal.

import test from 'ava';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import { explainError } from '../../../kubectl-tp/src/output/explain-error.ts';
import { createPrinter } from '../../../kubectl-tp/src/output/printer.ts';
import { createProgress } from '../../../kubectl-tp/src/output/progress.ts';

const EVIL = 'a\u001b]0;title\u0007b\u009bc\u202ed\re';
const HARMLESS = /^[\t\n\P{Cc}]*$/u;

test('no text of others commands the terminal, and tabs and line breaks stay', (t) => {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  createPrinter(write, 'text').result({}, () => `one\n\ttwo ${EVIL}`);
  const progress = createProgress({ write: (text: unknown) => Boolean(write(String(text))), isTTY: true });
  progress.step(EVIL);
  progress.warn(EVIL);
  const error = new TpError('CONFLICT', EVIL, { hint: EVIL });
  for (const text of [...written, explainError(error, 'text').text, explainError(new Error(EVIL), 'text').text]) {
    t.regex(text, HARMLESS);
    t.notRegex(text, /\u202e/);
  }
  t.regex(written[0] ?? '', /^one\n\ttwo a/);
});

test('JSON says the same without being a command', (t) => {
  let written = '';
  createPrinter((text) => {
    written = text;
  }, 'json').result({ EVIL }, () => '');
  t.regex(written, HARMLESS);
  t.deepEqual(JSON.parse(written), { EVIL });
  t.is(JSON.parse(explainError(new TpError('CONFLICT', EVIL), 'json').text).error.message, EVIL);
});
