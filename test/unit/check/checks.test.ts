import test from 'ava';
import { findLinkProblems } from '../../check/doc-links.ts';
import { compareErrorCodes, parseErrorRows } from '../../check/error-codes.ts';
import { findFileProblems } from '../../check/file-rules.ts';
import { findDirectionProblems, findPurityProblems } from '../../check/import-direction.ts';
import { findEmptyRooms, findRoomProblems } from '../../check/rooms.ts';
import { parseSourceFile } from '../../check/source-files.ts';

const direction = test.macro({
  exec: (t, path: string, code: string, allowed: boolean) => {
    t.is(findDirectionProblems([parseSourceFile(path, code)]).length, allowed ? 0 : 1);
  },
  title: (_, path, code, allowed) => `${path} ${allowed ? 'may' : 'must not'} ${code}`,
});

test(direction, 'kubectl-tp/src/a.ts', "import { GROUP } from '@kubectl-tp/control-plane/api';", true);
test(direction, 'kubectl-tp/src/a.ts', "import { x } from '@kubectl-tp/xds';", false);
test(direction, 'kubectl-tp/src/a.ts', "import type { X } from '@kubectl-tp/webhook';", false);
test(direction, 'kubectl-tp/src/a.ts', "const x = await import('@kubectl-tp/xds');", false);
test(direction, 'kubectl-tp/src/a.ts', "import {\n  x,\n} from '../../control-plane/src/api/index.ts';", false);
test(direction, 'webhook/src/a.ts', "import { b } from '@kubectl-tp/xds/bootstrap';", true);
test(direction, 'webhook/src/a.ts', "import { b } from '@kubectl-tp/xds';", false);
test(direction, 'control-plane/src/a.ts', "export * from '@kubectl-tp/xds';", true);
test(direction, 'xds/src/a.ts', "import { x } from '@kubectl-tp/control-plane/api';", false);
test(direction, 'test/a.ts', "import { x } from '../control-plane/src/run.ts';", true);

const purity = test.macro({
  exec: (t, path: string, code: string, pure: boolean) => {
    t.is(findPurityProblems([parseSourceFile(path, code)]).length, pure ? 0 : 1);
  },
  title: (_, path, code, pure) => `${path} ${pure ? 'stays pure with' : 'is impure with'} ${code}`,
});
const TRANSLATOR = 'control-plane/src/translator/a.ts';

test(purity, TRANSLATOR, "import { createHash } from 'node:crypto';", true);
test(purity, TRANSLATOR, "import { readFile } from 'node:fs/promises';", false);
test(purity, TRANSLATOR, "import { isIP, isIPv4 } from 'node:net';", true);
test(purity, TRANSLATOR, "import { connect, isIP } from 'node:net';", false);
test(purity, TRANSLATOR, "import { pino } from 'pino';", false);
test(purity, TRANSLATOR, "import type { Logger } from 'pino';", true);
test(purity, TRANSLATOR, "import { get } from '../kubernetes/client.ts';", false);
test(purity, TRANSLATOR, "import { GROUP } from '../api/names.ts';", true);
test(purity, TRANSLATOR, 'const now = Date.now();', false);
test(purity, TRANSLATOR, '// not Date.now()', true);
test(purity, 'control-plane/src/run.ts', 'const now = Date.now();', true);

const rooms = test.macro({
  exec: (t, path: string, code: string, allowed: boolean) => {
    t.is(findRoomProblems([parseSourceFile(`kubectl-tp/src/${path}`, code)]).length, allowed ? 0 : 1);
  },
  title: (_, path, code, allowed) => `${path} ${allowed ? 'may' : 'must not'} ${code}`,
});

test(rooms, 'held/a.ts', "import type { Call } from '../session/calls/server.ts';", false);
test(rooms, 'commands/a.ts', "const x = await import('../session/process.ts');", false);
test(rooms, 'session/networks/a.ts', "import { x } from '../../caller/start.ts';", false);
test(rooms, 'session/a.ts', "import type { Tools } from '../command.ts';", false);
test(rooms, 'volumes/a.ts', "import type { Holdings } from '../session/holdings.ts';", false);
test(rooms, 'ipc/a.ts', "import { x } from '../caller/caller.ts';", false);
test(rooms, 'held/a.ts', "import { x } from '../caller/caller.ts';", true);
test(rooms, 'session/networks/a.ts', "import { x } from '../intercepts/intercept.ts';", true);
test(rooms, 'session/intercepts/a.ts', "import { x } from '../networks/connect.ts';", false);
test(rooms, 'session/intercepts/a.ts', "import type { X } from '../holdings.ts';", true);
test(rooms, 'session/a.ts', "import { x } from './calls/server.ts';", true);
test(rooms, 'session/a.ts', "import { x } from '../ipc/lines.ts';", true);
test(rooms, 'main.ts', "const x = await import('./session/process.ts');", true);

test('a room that is gone is told', (t) => {
  const files = [parseSourceFile('kubectl-tp/src/session/a.ts', '')];
  t.true(findEmptyRooms(files).includes('kubectl-tp/src/held/ is not there'));
  t.false(findEmptyRooms(files).includes('kubectl-tp/src/session/ is not there'));
});

test('error codes and their document are compared both ways', (t) => {
  const rows = parseErrorRows(
    '| Code | Meaning | Remedy |\n|---|---|---|\n| `A_B` | It broke. | Mend it. |\n| `GONE` | Old. | |',
  );
  t.deepEqual(rows[0], { code: 'A_B', meaning: 'It broke.', remedy: 'Mend it.' });
  const known = [
    ['A_B', 'It broke.'],
    ['NEW', 'It is new.'],
  ] as const;
  t.deepEqual(compareErrorCodes(known, rows), [
    'docs/errors.md lacks "NEW: It is new."',
    'docs/errors.md: no table has "GONE: Old."',
    'docs/errors.md: GONE has no remedy',
  ]);
});

test('a bar in a cell can be written', (t) => {
  t.is(parseErrorRows('| A_B | x | type a \\| b |')[0]?.remedy, 'type a | b');
});

const file = test.macro({
  exec: (t, path: string, text: string, problem: RegExp | undefined) => {
    const problems = findFileProblems([parseSourceFile(path, text)]);
    if (problem) t.regex(problems.join('\n'), problem);
    else t.deepEqual(problems, []);
  },
  title: (_, path: string, text: string, problem) => `${path} "${text.slice(0, 20)}" ${problem ?? 'is fine'}`,
});

test(file, 'lab/a-b.ts', '// What it does.\n', undefined);
test(file, 'lab/aB.ts', '// What it does.\n', /lower-case/);
test(file, 'lab/a.ts', 'const x = 1;\n', /comment/);
test(file, 'lab/a.ts', `// Long.\n${'x\n'.repeat(400)}`, /401 lines/);
test(file, 'lab/a.test.ts', 'x\n', /below test/);
test(file, 'test/a.test.ts', 'x\n', undefined);

const leads = test.macro({
  exec: (t, text: string, somewhere: boolean) => {
    const paths = [
      'README.md',
      'docs',
      'docs/a.md',
      'docs/b.md',
      'xds/src/ir',
      'xds/src/ir/agent.ts',
      'xds/src/ir/b.ts',
    ];
    t.is(findLinkProblems([{ path: 'docs/a.md', text }], paths).length, somewhere ? 0 : 1);
  },
  title: (_, text, somewhere) => `${text} leads ${somewhere ? 'somewhere' : 'nowhere'}`,
});

test(leads, '[b](b.md) and [all](../README.md#part)', true);
test(leads, '[c](c.md)', false);
test(leads, '[elsewhere](https://example.com/c.md)', true);
test(leads, '`xds/src/ir/` and `ir/agent`', true);
test(leads, '`ir/{agent,b}.ts`', true);
test(leads, '`ir/{agent,c}.ts`', false);
test(leads, '`xds/src/gone.ts`', false);
test(leads, '`deployment/orders` and `/etc/hosts`', true);
