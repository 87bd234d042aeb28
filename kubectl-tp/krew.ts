// Fills krew-manifest.yaml for a release: `node kubectl-tp/krew.ts FOLDER URL > tp.yaml`. FOLDER holds the archives
// kubectl-tp_v<version>_<os>_<arch>.tar.gz, URL is the address of the folder that they are published in.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from './package.json' with { type: 'json' };

const TEMPLATE = new URL('../krew-manifest.yaml', import.meta.url);

if (import.meta.main) {
  const [folder, url] = process.argv.slice(2);
  if (folder === undefined || url === undefined) {
    console.error('usage: node kubectl-tp/krew.ts FOLDER URL');
    process.exitCode = 2;
  } else {
    process.stdout.write(fillKrewManifest(folder, url));
  }
}

/** Throws when an archive that the manifest names is not in the folder. */
export function fillKrewManifest(folder: string, url: string): string {
  const version = `v${manifest.version}`;
  const text = readFileSync(TEMPLATE, 'utf8');
  return text
    .replace(/^#.*\n/gm, '')
    .replaceAll(/SHA256_(\w+)/g, (_, platform) => sha256(join(folder, `kubectl-tp_${version}_${platform}.tar.gz`)))
    .replaceAll('RELEASE_URL', url.replace(/\/$/, ''))
    .replaceAll('VERSION', version);
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
