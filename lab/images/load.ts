// Brings images into the nodes of a running lab, and remembers for any cluster which ones it has.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortHash } from '../cache.ts';
import { containerdSocket, type Lab, type LabNode, nodeRun } from '../lab.ts';
import { withLock } from '../lock.ts';
import type { Programs } from '../programs.ts';
import { capture } from '../shell.ts';
import { type Image, imageDigest, ociArchive } from './oci-archive.ts';

/** Loads the images that the node does not have yet. */
export async function loadIntoNode(lab: Lab, programs: Programs, node: LabNode, images: readonly Image[]) {
  // It lives and dies with containerd's own data.
  const record = join(nodeRun(lab, node), 'images.json');
  await loadMissing(record, images, async (missing) => {
    const ctr = ['-a', containerdSocket(lab, node), '-n', 'k8s.io', 'images', 'import', '--local', '-'];
    await capture(join(programs.kube, 'ctr'), ctr, { input: ociArchive(missing) });
  });
}

/**
 * Calls `load` with the images that the record has not, unless it has all. Of processes that name the same record one
 * loads at a time. The record is a file: name to digest.
 */
export async function loadMissing(
  record: string,
  images: readonly Image[],
  load: (missing: readonly Image[]) => Promise<void>,
): Promise<void> {
  // The name of a lock has room for a hundred letters.
  await withLock(`images/${shortHash(record)}`, async () => {
    const loaded = await readRecord(record);
    const missing = images.filter((image) => loaded[image.name] !== imageDigest(image));
    if (missing.length === 0) return;
    await load(missing);
    for (const image of missing) loaded[image.name] = imageDigest(image);
    await writeFile(record, JSON.stringify(loaded));
  });
}

async function readRecord(file: string): Promise<Record<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  return JSON.parse(text);
}
