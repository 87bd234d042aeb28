// Makes a release for krew: `node kubectl-tp/krew.ts FOLDER [URL]` fills the folder with an archive for each platform and
// with tp.yaml, which names them. URL is the address of the folder that they will be published in. The same sources and
// the same Node make the same bytes, so that anybody can see what a release was made of.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.ts';
import { copyNativeCode } from './krew/native-code.ts';
import { packFolder } from './krew/pack-folder.ts';
import manifest from './package.json' with { type: 'json' };

const TEMPLATE = new URL('../krew-manifest.yaml', import.meta.url);
/** krew's index takes no archive without it. */
const LICENSE = new URL('../LICENSE', import.meta.url);
const VERSION = `v${manifest.version}`;

/** As krew names them: `linux_amd64`. */
type Platform = `${string}_${string}`;

/** `platforms`: all that the manifest names, if not said. */
export async function buildKrewRelease(
  folder: string,
  { url = pathToFileURL(folder).href, platforms }: { url?: string | undefined; platforms?: readonly Platform[] } = {},
): Promise<void> {
  const program = await mkdtemp(join(tmpdir(), 'tp-krew-'));
  const hashes: Record<string, string> = {};
  try {
    await bundle(program);
    await cp(LICENSE, join(program, 'LICENSE'));
    await mkdir(folder, { recursive: true });
    for (const platform of platforms ?? listPlatforms()) {
      await copyNativeCode(platform, join(program, 'node_modules'));
      const archive = await packFolder(program);
      hashes[platform] = createHash('sha256').update(archive).digest('hex');
      await writeFile(join(folder, `kubectl-tp_${VERSION}_${platform}.tar.gz`), archive);
    }
  } finally {
    await rm(program, { recursive: true, force: true });
  }
  await writeFile(join(folder, 'tp.yaml'), fillKrewManifest(url, hashes));
}

function listPlatforms(): Platform[] {
  return [...readTemplate().matchAll(/SHA256_(\w+_\w+)/g)].map(([, platform]) => platform as Platform);
}

/** `hashes`: by platform. One without an archive is left out: krew then says that there is none for it. */
export function fillKrewManifest(url: string, hashes: Readonly<Record<string, string>>): string {
  const [head = '', ...platforms] = readTemplate().split(/^(?= {4}- selector:)/m);
  const built = platforms.flatMap((text) => {
    const hash = hashes[/SHA256_(\w+)/.exec(text)?.[1] ?? ''];
    return hash === undefined ? [] : [text.replace(/SHA256_\w+/, hash)];
  });
  return [head, ...built].join('').replaceAll('RELEASE_URL', url.replace(/\/$/, '')).replaceAll('VERSION', VERSION);
}

const readTemplate = (): string => readFileSync(TEMPLATE, 'utf8').replace(/^#.*\n/gm, '');

if (import.meta.main) {
  const [folder, url] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('usage: node kubectl-tp/krew.ts FOLDER [URL]');
    process.exitCode = 2;
  } else {
    await buildKrewRelease(folder, { url });
  }
}
