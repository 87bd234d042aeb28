// Every error code is explained in docs/errors.md with the meaning that the code's table gives it, and with a remedy.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { PACKAGES } from './source-files.ts';

const DOCUMENT = 'docs/errors.md';
/** The relay is a process of its own inside its package; what it shares with the laptop has a table, too. */
const TABLES = [
  ...PACKAGES.map((name) => `${name}/src/errors.ts`),
  'control-plane/src/relay/errors.ts',
  'control-plane/src/protocol/errors.ts',
  'lab/errors.ts',
];

export type ErrorRow = { readonly code: string; readonly meaning: string; readonly remedy: string };

export async function checkErrorCodes(): Promise<string[]> {
  const rows = parseErrorRows(existsSync(DOCUMENT) ? await readFile(DOCUMENT, 'utf8') : '');
  const problems: string[] = [];
  const known: [string, string][] = [];
  for (const file of TABLES) {
    const codes = await readTable(file);
    if (codes) known.push(...Object.entries(codes));
    else problems.push(`${file}: exports no ERROR_CODES`);
  }
  return [...problems, ...compareErrorCodes(known, rows)];
}

/** Both ways: a code without its row, a row without its code, a row without a remedy. */
export function compareErrorCodes(known: readonly (readonly [string, string])[], rows: readonly ErrorRow[]): string[] {
  const key = (code: string, meaning: string) => `${code}: ${meaning}`;
  const documented = new Set(rows.map(({ code, meaning }) => key(code, meaning)));
  const inCode = new Set(known.map(([code, meaning]) => key(code, meaning)));
  return [
    ...[...inCode].filter((entry) => !documented.has(entry)).map((entry) => `${DOCUMENT} lacks "${entry}"`),
    ...[...documented].filter((entry) => !inCode.has(entry)).map((entry) => `${DOCUMENT}: no table has "${entry}"`),
    ...rows.filter(({ remedy }) => !remedy).map(({ code }) => `${DOCUMENT}: ${code} has no remedy`),
  ];
}

/** Rows of the tables `| Code | Meaning | Remedy |`. A bar inside of a cell is written `\|`. */
export function parseErrorRows(markdown: string): ErrorRow[] {
  return markdown.split('\n').flatMap((line) => {
    const [, code = '', meaning = '', remedy = ''] = line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    const name = code.replaceAll('`', '');
    return /^[A-Z][A-Z0-9_]+$/.test(name) ? [{ code: name, meaning, remedy }] : [];
  });
}

async function readTable(file: string): Promise<Record<string, string> | undefined> {
  if (!existsSync(file)) return undefined;
  const module: { ERROR_CODES?: Record<string, string> } = await import(pathToFileURL(file).href);
  return module.ERROR_CODES;
}
