// Takes back everything a lab put on the machine, whether it ran, crashed or was stopped half-way: processes, mounts,
// sockets, network, cgroups, kernel settings, data.

import { readdir, readFile, readlink, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cgroupsOf } from './cgroups.ts';
import type { Lab } from './lab.ts';
import { netnsExists, removeNetwork } from './network.ts';
import { killAll, pidsInNetns } from './processes.ts';
import { succeeds } from './shell.ts';
import { restoreSysctls } from './sysctls.ts';

const LOG_LINKS = '/var/log/containers';

/** Idempotent; keeps keys and logs. Order: nobody may recreate what is being removed. */
export async function removeTraces(lab: Lab): Promise<void> {
  const cgroups = (await Promise.all(lab.nodes.map(cgroupsOf))).flat();
  await killAll(async () => {
    const daemons = await Promise.all(lab.nodes.filter(netnsExists).map((node) => pidsInNetns(node.netns)));
    const pods = await Promise.all(cgroups.map(pidsInCgroup));
    return [...daemons, ...pods].flat();
  });
  await removeShimSockets(lab);
  await removeLogLinks(lab);
  await unmountBelow(lab.folders.state);
  await removeNetwork(lab);
  await Promise.all(cgroups.map(removeCgroup));
  await restoreSysctls(lab);
  // Without a kubeconfig nobody sends requests for the lab's addresses to where the machine's default route leads.
  const { run, data, users } = lab.folders;
  for (const folder of [run, data, users]) await rm(folder, { recursive: true, force: true });
}

async function pidsInCgroup(root: string): Promise<number[]> {
  const files = await Promise.all(
    (await foldersBelow(root)).map((folder) => readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')),
  );
  return files.flatMap((text) => text.split('\n').filter(Boolean).map(Number));
}

async function removeCgroup(root: string): Promise<void> {
  // Children first: only an empty cgroup can be removed.
  for (const folder of (await foldersBelow(root)).reverse()) await rmdir(folder);
}

/** The folder and all below it, parents first; none when it does not exist. */
async function foldersBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return [];
  const children = entries.filter((entry) => entry.isDirectory()).map((entry) => foldersBelow(join(root, entry.name)));
  return [root, ...(await Promise.all(children)).flat()];
}

/** Shims listen outside the state folder, under a name that containerd writes into each pod's folder. */
async function removeShimSockets(lab: Lab): Promise<void> {
  const entries = await readdir(lab.folders.run, { recursive: true, withFileTypes: true }).catch(() => []);
  const notes = entries.filter(({ name }) => name === 'address' || name === 'bootstrap.json');
  for (const note of notes) {
    const text = await readFile(join(note.parentPath, note.name), 'utf8');
    for (const [socket] of text.matchAll(/\/run\/containerd\/s\/[0-9a-f]{64}/g)) await rm(socket, { force: true });
  }
}

/** The kubelet links every container's log from one fixed folder. */
async function removeLogLinks(lab: Lab): Promise<void> {
  const links = (await readdir(LOG_LINKS).catch(() => [])).map((name) => join(LOG_LINKS, name));
  for (const link of links) {
    const target = await readlink(link).catch(() => '');
    if (target.startsWith(`${lab.folders.state}/`)) await rm(link);
  }
}

async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`)).reverse()) {
    if (!(await succeeds('umount', [mount]))) await succeeds('umount', ['-l', mount]);
  }
}
