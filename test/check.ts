// `npm run check`: everything that holds without running the product. Prints each problem, ends with 1 if there is any.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { checkDocLinks } from './check/doc-links.ts';
import { checkErrorCodes } from './check/error-codes.ts';
import { findFileProblems } from './check/file-rules.ts';
import { findDirectionProblems, findPurityProblems } from './check/import-direction.ts';
import { findEmptyRooms, findRoomProblems } from './check/rooms.ts';
import { readSourceFiles } from './check/source-files.ts';
import { envoyPath } from './helpers/programs.ts';

/** Returns its problems, a line or a block of lines each. */
type Check = { readonly name: string; readonly run: () => Promise<string[]> };

const BIN = 'node_modules/.bin';

const CHECKS: readonly Check[] = [
  {
    name: 'format and lint',
    run: () => program(`${BIN}/biome`, 'check', '--diagnostic-level=warn', '--reporter=concise', '.'),
  },
  { name: 'types', run: () => program(`${BIN}/tsc`, '-p', '.') },
  { name: 'CRDs are generated from the types', run: () => script('control-plane/generate-crds.ts', '--check') },
  { name: 'Envoy messages are generated', run: checkProtos },
  { name: 'packages import in one direction', run: async () => findDirectionProblems(await readSourceFiles()) },
  { name: 'each process has rooms of its own', run: checkRooms },
  { name: 'pure folders are pure', run: async () => findPurityProblems(await readSourceFiles()) },
  { name: 'error codes are documented', run: checkErrorCodes },
  { name: 'documents lead somewhere', run: checkDocLinks },
  { name: 'files', run: async () => findFileProblems(await readSourceFiles()) },
];

let failed = 0;
for (const check of CHECKS) {
  const begin = performance.now();
  const problems = await check.run();
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? 'ok   ' : 'FAIL '} ${check.name} (${seconds} s)`);
  for (const problem of problems) console.log(problem.replaceAll(/^/gm, '      '));
  if (problems.length > 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;

async function checkRooms(): Promise<string[]> {
  const files = await readSourceFiles();
  return [...findRoomProblems(files), ...findEmptyRooms(files)];
}

async function checkProtos(): Promise<string[]> {
  // The messages are read out of the Envoy that agents run.
  process.env.TP_ENVOY = await envoyPath();
  return script('xds/generate-protos.ts', '--check');
}

/** A program whose output is its problems when it fails. */
async function program(command: string, ...args: string[]): Promise<string[]> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const output = await Promise.all([text(child.stdout), text(child.stderr)]);
  return (await code) === 0 ? [] : [output.join('').trim()];
}

function script(path: string, ...args: string[]): Promise<string[]> {
  return program(process.execPath, path, ...args);
}
