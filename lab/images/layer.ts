// File system layers of images: tar files in the cache, the same bytes for the same content.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cached } from '../cache.ts';
import { capture } from '../shell.ts';

export type Layer = { readonly file: string; readonly digest: string; readonly bytes: number };

export type LayerSource = {
  readonly name: string;
  /** Everything the content depends on. */
  readonly key: string;
  /** Paths below `root` to pack, the folder itself with `.`. */
  readonly root: string;
  readonly paths: readonly string[];
  /** Folder in the image that they come to, relative to its root. */
  readonly target?: string;
};

export async function packLayer(source: LayerSource): Promise<Layer> {
  const flags = tarFlags(source.target);
  const fill = async (folder: string) => {
    const file = join(folder, 'layer.tar');
    const list = `${source.paths.join('\n')}\n`;
    await capture('tar', [...flags, '-cf', file, '-C', source.root, '-T', '-'], { input: list });
    await writeFile(
      join(folder, 'layer.json'),
      JSON.stringify({ digest: await sha256(file), bytes: (await stat(file)).size }),
    );
  };
  const folder = await cached({ name: `layer-${source.name}`, key: `${flags.join(' ')}\n${source.key}`, fill });
  const { digest, bytes } = JSON.parse(await readFile(join(folder, 'layer.json'), 'utf8'));
  return { file: join(folder, 'layer.tar'), digest, bytes };
}

/** The same content gives the same bytes, whoever owns the files and whenever they were written. */
function tarFlags(target: string | undefined): string[] {
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=go+rX,go-w'];
  // S: leaves what symbolic links point to as it is.
  const move = target ? [`--transform=s,^,${target}/,S`] : [];
  return [...same, '--hard-dereference', ...move];
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}
