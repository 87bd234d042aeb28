// Runs a script of this repository on the repository's own Node, after installing what is missing:
//   node lab/bootstrap.mjs SCRIPT.ts ARGS
// Plain JavaScript that an older Node understands too, and no imports but Node's own.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(checkout, 'node_modules/node/bin/node');

if (!isInstalled()) {
  console.error('installing packages (npm ci)');
  // Standard output belongs to the script.
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: checkout, stdio: ['ignore', 2, 2] });
}
run(node, process.argv.slice(2).map(toPath), { stdio: 'inherit' });

/** Whether node_modules holds the versions of package-lock.json, judged by the note that npm leaves there. */
function isInstalled() {
  const note = join(checkout, 'node_modules/.package-lock.json');
  if (!existsSync(note) || !existsSync(node)) return false;
  const installed = JSON.parse(readFileSync(note, 'utf8')).packages;
  const wanted = Object.entries(JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')).packages);
  return wanted
    .filter(([path, { optional, link }]) => path.startsWith('node_modules/') && !optional && !link)
    .every(([path, { version }]) => installed[path]?.version === version);
}

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, options);
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Scripts are named from the root of the repository. */
function toPath(argument, index) {
  return index === 0 ? join(checkout, argument) : argument;
}
