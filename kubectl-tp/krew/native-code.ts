// Native code of another platform than the one that a release is made on: npm installs that of its own platform only, so
// the others come from its registry, and are what package-lock.json says they are.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const SCOPE = '@koromix';
/** npm's word for krew's. */
const CPUS: Readonly<Record<string, string>> = { amd64: 'x64' };

/** In `modules`, a `node_modules`, it takes the place of whatever platform's is there. */
export async function copyNativeCode(platform: string, modules: string): Promise<void> {
  const [os = '', cpu = ''] = platform.split('_');
  const name = `${SCOPE}/koffi-${os}-${CPUS[cpu] ?? cpu}`;
  await rm(join(modules, SCOPE), { recursive: true, force: true });
  const installed = join(CHECKOUT, 'node_modules', name);
  await cp(installed, join(modules, name), { recursive: true }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await fetchPackage(name, join(modules, name));
  });
}

async function fetchPackage(name: string, to: string): Promise<void> {
  const { version, integrity } = await readLocked(name);
  const folder = await mkdtemp(join(tmpdir(), 'tp-native-'));
  try {
    const words = ['pack', `${name}@${version}`, '--json', '--pack-destination', folder];
    const { stdout } = await run('npm', words, { cwd: folder });
    const archive = join(folder, (JSON.parse(stdout) as [{ filename: string }])[0].filename);
    const hash = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    if (`sha512-${hash}` !== integrity) throw new Error(`${name}@${version} is not what package-lock.json says`);
    await mkdir(to, { recursive: true });
    await run('tar', ['-xzf', archive, '-C', to, '--strip-components=1']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Locked = { readonly version: string; readonly integrity: string };

async function readLocked(name: string): Promise<Locked> {
  const lock = JSON.parse(await readFile(join(CHECKOUT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const locked = lock.packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`package-lock.json has no ${name}`);
  return locked;
}
