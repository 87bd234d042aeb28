// Environments as text, read back by the programs that the text is for.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { type EnvironmentSyntax, formatEnvironment } from '../../../kubectl-tp/src/environment/formats.ts';

const run = promisify(execFile);

/** Each of them breaks a naive way to write it. */
const NASTY: Readonly<Record<string, string>> = {
  EMPTY: '',
  SPACES: '  two  words  ',
  QUOTES: `it's "quoted" \`date\``,
  DOLLARS: '$HOME $' + '{HOME} $(date) $$',
  BACKSLASHES: '\\ \\\\ \\n \\',
  LINES: 'one\ntwo\n\nthree\n',
  CARRIAGE: 'a\rb\r',
  BANGS: 'wow! !! !x \\!',
  SIGNS: '%PATH% ^ & | < > ; # ~ * ? [a] {a,b} = a=b',
  CONTROL: 'tab\tescape\x1b[0m\x7f',
  UNICODE: 'größe ‘typographic’ 🙂 \u2028',
  LONG: 'x'.repeat(70_000),
};
/** Prints the environment it got. */
const PRINT = 'process.stdout.write(JSON.stringify(process.env))';

async function readBack(shell: string, syntax: EnvironmentSyntax): Promise<NodeJS.ProcessEnv> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-syntax-'));
  try {
    const file = join(folder, 'env');
    const { text, leftOut } = formatEnvironment(syntax, NASTY);
    if (leftOut.length > 0) throw new Error(`left out: ${leftOut}`);
    await writeFile(file, text);
    const script = `set -eu; . "$0"; exec "$1" -e '${PRINT}'`;
    const { stdout } = await run(shell, ['-c', script, file, process.execPath], { env: {}, maxBuffer: 1 << 22 });
    return JSON.parse(stdout) as NodeJS.ProcessEnv;
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const shell of ['dash', 'bash']) {
  test(`${shell} reads what is written for sh, unchanged`, async (t) => {
    const got = await readBack(shell, 'sh');
    t.like(got, NASTY);
  });
}

test('json holds everything', (t) => {
  const { text, leftOut } = formatEnvironment('json', NASTY);
  t.deepEqual(JSON.parse(text), NASTY);
  t.deepEqual(leftOut, []);
});

test('every syntax, written out', (t) => {
  const variables = { B: `it's`, A: 'a "b" $c!', L: 'x\ny', P: '50%' };
  const texts = (['docker', 'compose', 'sh', 'csh', 'fish', 'ps', 'cmd'] as const).map((syntax) => [
    syntax,
    formatEnvironment(syntax, variables),
  ]);
  t.deepEqual(Object.fromEntries(texts), {
    docker: { text: 'A=a "b" $c!\nB=it\'s\nP=50%\n', leftOut: ['L'] },
    compose: { text: 'A="a \\"b\\" \\$c!"\nB="it\'s"\nL="x\\ny"\nP="50%"\n', leftOut: [] },
    sh: { text: `export A='a "b" $c!'\nexport B='it'\\''s'\nexport L='x\ny'\nexport P='50%'\n`, leftOut: [] },
    csh: { text: `setenv A 'a "b" $c\\!'\nsetenv B 'it'\\''s'\nsetenv L 'x\\\ny'\nsetenv P '50%'\n`, leftOut: [] },
    fish: { text: `set -gx A 'a "b" $c!'\nset -gx B 'it\\'s'\nset -gx L 'x\ny'\nset -gx P '50%'\n`, leftOut: [] },
    ps: {
      text: `\${Env:A} = 'a "b" $c!'\n\${Env:B} = 'it''s'\n\${Env:L} = 'x\ny'\n\${Env:P} = '50%'\n`,
      leftOut: [],
    },
    cmd: { text: `@set "A=a "b" $c!"\n@set "B=it's"\n@set "P=50%%"\n`, leftOut: ['L'] },
  });
});

test('what a program would refuse or bend is left out by name', (t) => {
  const leftOut = (syntax: EnvironmentSyntax, variables: Record<string, string>) =>
    formatEnvironment(syntax, variables).leftOut;
  const names = { 'a.b': '1', 'a-b': '1', '1a': '1', export_x: '1', UID: '1' };
  t.deepEqual(leftOut('docker', names), []);
  t.deepEqual(leftOut('sh', names), ['1a', 'UID', 'a-b', 'a.b']);
  t.deepEqual(leftOut('compose', names), ['1a', 'a-b', 'export_x']);
  t.deepEqual(leftOut('docker', { '#a': '1', A: 'x\r', B: 'a\rb', C: 'x'.repeat(65_536) }), ['#a', 'A', 'C']);
  t.deepEqual(leftOut('cmd', { A: 'x'.repeat(8200), B: '\x1b', C: '\t' }), ['A', 'B']);
});
