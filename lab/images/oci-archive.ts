// Writes images as one OCI image archive, the form that every container runtime loads. Needs no registry, no Docker.
// Layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Layer } from './layer.ts';

export type Image = {
  readonly name: string;
  readonly config: { Env?: string[]; Entrypoint?: string[]; Cmd?: string[]; WorkingDir?: string; User?: string };
  readonly layers: readonly Layer[];
};

type Blob = { readonly digest: string; readonly bytes: number; readonly content: Buffer | { file: string } };
type Descriptor = { mediaType: string; digest: string; size: number };

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const TAR_BLOCK_BYTES = 512;

/** The archive as a stream. Layers that images share are in it once. */
export function ociArchive(images: readonly Image[]): Readable {
  const blobs = new Map<string, Blob>();
  const built = images.map((image) => ({ name: image.name, ...buildManifest(image) }));
  for (const { manifest, config, layers } of built) {
    for (const blob of [manifest, config, ...layers]) blobs.set(blob.digest, blob);
  }
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: built.map(({ name, manifest }) => ({
      ...describe(manifest, MANIFEST),
      annotations: { 'io.containerd.image.name': name },
    })),
  };
  // What `docker load` reads.
  const dockerIndex = built.map(({ name, config, layers }) => ({
    Config: blobPath(config),
    RepoTags: [name],
    Layers: layers.map(blobPath),
  }));
  const files: [string, Blob][] = [
    ['oci-layout', jsonBlob({ imageLayoutVersion: '1.0.0' })],
    ['index.json', jsonBlob(index)],
    ['manifest.json', jsonBlob(dockerIndex)],
    ...[...blobs.values()].map((blob): [string, Blob] => [blobPath(blob), blob]),
  ];
  return Readable.from(tarStream(files), { objectMode: false });
}

/** Identifies the content of an image. */
export const imageDigest = (image: Image): string => buildManifest(image).manifest.digest;

function buildManifest(image: Image): { manifest: Blob; config: Blob; layers: Blob[] } {
  const layers = image.layers.map(({ digest, bytes, file }): Blob => ({ digest, bytes, content: { file } }));
  const config = jsonBlob({
    architecture: 'amd64',
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created_by: 'kubectl-tp lab' })),
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: describe(config, CONFIG),
    layers: layers.map((layer) => describe(layer, LAYER)),
  });
  return { manifest, config, layers };
}

const blobPath = (blob: Blob): string => `blobs/${blob.digest.replace(':', '/')}`;

const describe = (blob: Blob, mediaType: string): Descriptor => ({ mediaType, digest: blob.digest, size: blob.bytes });

function jsonBlob(value: object): Blob {
  const content = Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${createHash('sha256').update(content).digest('hex')}`, bytes: content.length, content };
}

async function* tarStream(files: readonly [string, Blob][]): AsyncGenerator<Buffer> {
  for (const [name, blob] of files) {
    yield tarHeader(name, blob.bytes);
    if (Buffer.isBuffer(blob.content)) yield blob.content;
    else yield* createReadStream(blob.content.file, { highWaterMark: 1 << 20 });
    yield Buffer.alloc(-blob.bytes & (TAR_BLOCK_BYTES - 1));
  }
  yield Buffer.alloc(2 * TAR_BLOCK_BYTES);
}

/** POSIX ustar header of a plain file; names here are shorter than its 100 bytes. */
function tarHeader(name: string, bytes: number): Buffer {
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(bytes, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257, 'latin1');
  // The sum is computed with eight spaces in its own field.
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  return header;
}
