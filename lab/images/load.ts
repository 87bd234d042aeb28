// Brings images into the nodes of a running lab, each only once.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerdSocket, type Lab, type LabNode, nodeRun } from '../lab.ts';
import { withLock } from '../lock.ts';
import type { Programs } from '../programs.ts';
import { capture } from '../shell.ts';
import { type Image, imageDigest, ociArchive } from './oci-archive.ts';

/** Loads the images that the node does not have yet. */
export async function loadIntoNode(lab: Lab, programs: Programs, node: LabNode, images: readonly Image[]) {
  await withLock(`images/${lab.name}/${node.name}`, async () => {
    const record = join(nodeRun(lab, node), 'images.json');
    const loaded = await readRecord(record);
    const missing = images.filter((image) => loaded[image.name] !== imageDigest(image));
    if (missing.length === 0) return;
    const ctr = ['-a', containerdSocket(lab, node), '-n', 'k8s.io', 'images', 'import', '--local', '-'];
    await capture(join(programs.kube, 'ctr'), ctr, { input: ociArchive(missing) });
    for (const image of missing) loaded[image.name] = imageDigest(image);
    await writeFile(record, JSON.stringify(loaded));
  });
}

/** Name to digest. It lives and dies with containerd's own data. */
async function readRecord(file: string): Promise<Record<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  return JSON.parse(text);
}
