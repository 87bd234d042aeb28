// What a log line must not have.

import test from 'ava';
import { createLogger } from '../../../control-plane/src/process/index.ts';

test('secrets do not get into the log', (t) => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  log.info({ token: 'hush', identity: { privateKey: 'hush', certificate: 'hush' }, node: 'a/b' }, 'x');
  t.notRegex(lines.join(''), /hush/);
  t.regex(lines.join(''), /a\/b/);
});
