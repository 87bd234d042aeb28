// The root cgroup of each node, below which the kubelet puts its pods. Versions 1, 2 and the mixture of both.

import { statfsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabNode } from './lab.ts';

const ROOT = '/sys/fs/cgroup';
const V1_MAGIC = 0x27e0eb;
const V2_MAGIC = 0x63677270;

/** Where the node's cgroup is, or would be: below the one hierarchy of version 2, or below each of version 1. */
export async function cgroupsOf(node: LabNode): Promise<string[]> {
  return (await hierarchies([V1_MAGIC, V2_MAGIC])).map((folder) => join(folder, node.netns));
}

/** The kubelet wants its root to exist. In a mixture the version 2 part has no controllers, so it needs none there. */
export async function createCgroups(node: LabNode): Promise<void> {
  const v1 = await hierarchies([V1_MAGIC]);
  const used = v1.length > 0 ? v1 : [ROOT];
  await Promise.all(used.map((folder) => mkdir(join(folder, node.netns), { recursive: true })));
}

async function hierarchies(magics: readonly number[]): Promise<string[]> {
  if (statfsSync(ROOT).type === V2_MAGIC) return magics.includes(V2_MAGIC) ? [ROOT] : [];
  const folders = (await readdir(ROOT, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => join(ROOT, name)).filter((folder) => magics.includes(statfsSync(folder).type));
}
