// Unpacks the few Debian packages that the lab uses; installs nothing, starts nothing.

import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, succeeds } from './shell.ts';

/** Root of the images, nft for kube-proxy and the images, and what containerd runs containers with. */
const LAB_PARTS = {
  base: ['libc6', 'libgcc-s1', 'libstdc++6', 'busybox-static'],
  tools: [
    'nftables',
    'libnftables1',
    'libnftnl11',
    'libmnl0',
    'libjansson4',
    'libedit2',
    'libbsd0',
    'libmd0',
    'libgmp10',
  ]
    .concat(['libtinfo6', 'iptables', 'libxtables12', 'libip4tc2', 'libip6tc2', 'libnetfilter-conntrack3'])
    .concat(['libnfnetlink0']),
  runc: ['runc', 'libseccomp2'],
} as const;
const IPTABLES = ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore'];
/** Not needed to run a program. */
const BALLAST = ['doc', 'man', 'locale', 'lintian', 'bug', 'gdb'].map((folder) => `usr/share/${folder}`);

/** Folders `base`, `tools` and `runc`. */
export async function unpackLabPackages(folder: string): Promise<void> {
  await unpackPackages(folder, LAB_PARTS);
  await Promise.all(IPTABLES.map((name) => relink('xtables-nft-multi', join(folder, 'tools/usr/sbin', name))));
  await finishBase(join(folder, 'base'));
}

/** One folder for each part, with the files of its packages. */
export async function unpackPackages(
  folder: string,
  parts: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  console.error(`lab: fetching Debian packages (${Object.keys(parts).join(', ')})`);
  const archives = await mkdtemp(join(folder, 'archives-'));
  await download(archives, Object.values(parts).flat());
  const files = await readdir(archives);
  for (const [part, packages] of Object.entries(parts)) {
    const target = join(folder, part);
    await mkdir(target);
    for (const name of packages) {
      const archive = files.find((file) => file.startsWith(`${name}_`)) ?? name;
      await capture('dpkg', ['-x', join(archives, archive), target]);
    }
    await Promise.all(BALLAST.map((path) => rm(join(target, path), { recursive: true, force: true })));
  }
  await rm(archives, { recursive: true });
}

async function download(folder: string, packages: readonly string[]): Promise<void> {
  // The unprivileged user that apt would change to cannot write into our folder.
  const args = ['download', '-q', '-o', 'APT::Sandbox::User=root', ...packages];
  if (await succeeds('apt-get', args, { cwd: folder })) return;
  // The package lists of a new machine are empty or name versions that are gone.
  await capture('apt-get', ['update', '-q']);
  await capture('apt-get', args, { cwd: folder });
}

/** What a root file system needs beside libraries: the commands of busybox, users, mount points. */
async function finishBase(base: string): Promise<void> {
  const libraries = join(base, 'usr/lib/x86_64-linux-gnu');
  await Promise.all(['gconv', 'audit'].map((name) => rm(join(libraries, name), { recursive: true, force: true })));
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'root', 'app'])
    await mkdir(join(base, name), { recursive: true });
  await mkdir(join(base, 'tmp'));
  await chmod(join(base, 'tmp'), 0o1777);
  const commands = (await capture(join(base, 'bin/busybox'), ['--list'])).split('\n').filter(Boolean);
  await Promise.all(commands.map((name) => relink('busybox', join(base, 'bin', name))));
  const users = ['root:x:0:0::/root:/bin/sh', 'agent:x:1337:1337::/:/bin/sh', 'nonroot:x:65532:65532::/app:/bin/sh'];
  await writeFile(join(base, 'etc/passwd'), `${users.join('\n')}\n`);
  await writeFile(join(base, 'etc/group'), 'root:x:0:\nagent:x:1337:\nnonroot:x:65532:\n');
  await writeFile(join(base, 'etc/nsswitch.conf'), 'hosts: files dns\n');
}

async function relink(target: string, path: string): Promise<void> {
  if (path.endsWith(`/${target}`)) return;
  await rm(path, { force: true });
  await symlink(target, path);
}
