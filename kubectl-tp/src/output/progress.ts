// What happens while a command works: one line per step, on stderr, so that stdout stays the result.

import type { WriteStream } from 'node:tty';
import { toPlainText } from './plain-text.ts';

export type Progress = {
  step(text: string): void;
  /** Something the person should know although the command goes on. */
  warn(text: string): void;
};

export function createProgress(stream: Pick<WriteStream, 'write' | 'isTTY'>, { quiet = false } = {}): Progress {
  const startedMs = Date.now();
  // On a terminal a person wonders how long it has taken; in a log the lines have times of their own.
  const elapsed = () => (stream.isTTY ? `${((Date.now() - startedMs) / 1000).toFixed(1).padStart(5)}s ` : '');
  return {
    step: (text) => void (quiet || stream.write(`${elapsed()}${toPlainText(text)}\n`)),
    warn: (text) => void stream.write(`warning: ${toPlainText(text)}\n`),
  };
}
