// The result of a command on stdout: for people, or as JSON for programs.

import { toPlainJson, toPlainText } from './plain-text.ts';

export type OutputFormat = 'text' | 'json';

export type Printer = {
  readonly format: OutputFormat;
  /** `text` is asked for only when people read it. */
  result(value: object, text: () => string): void;
  /** As it is, whatever the format. */
  raw(text: string): void;
};

export function createPrinter(write: (text: string) => void, format: OutputFormat): Printer {
  const line = (text: string) => write(text.endsWith('\n') || text === '' ? text : `${text}\n`);
  return {
    format,
    result: (value, text) => line(format === 'json' ? toPlainJson(value) : toPlainText(text())),
    raw: line,
  };
}
