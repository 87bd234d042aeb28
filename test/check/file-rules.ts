// Rules for files as such: names, the opening comment, size.

import { basename } from 'node:path';
import type { SourceFile } from './source-files.ts';

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.(ts|mjs)$/;
/** A file of this size has a seam at which it can be cut. */
const MAX_LINES = 400;

export function findFileProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => problemsOf(path, text).map((problem) => `${path}: ${problem}`));
}

function problemsOf(path: string, text: string): string[] {
  const lines = text.split('\n').length - 1;
  return [
    ...(NAME.test(basename(path)) ? [] : ['file names are lower-case words with hyphens']),
    ...(isTest(path) || /^(#!.*\n)?(\/\/|\/\*)/.test(text)
      ? []
      : ['must open with a comment on what it is responsible for']),
    ...(lines > MAX_LINES ? [`has ${lines} lines, more than ${MAX_LINES}`] : []),
    ...(isTest(path) && !path.startsWith('test/') ? ['tests live below test/'] : []),
    ...(/(\/\/|\*) *(TODO|FIXME|XXX)\b/.test(text) ? ['has a note of work to do'] : []),
  ];
}

// Titles say what a test file is for.
const isTest = (path: string): boolean => path.endsWith('.test.ts');
