// Writes images as one OCI image archive, the form that every container runtime loads. Needs no registry, no Docker.
// Layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
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
  const archive = pack();
  fill(archive, files).catch((error) => archive.destroy(error));
  return Readable.from(archive, { objectMode: false });
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

/** Files from the first moment there is, so that equal images are equal bytes. */
async function fill(archive: Pack, files: readonly [string, Blob][]): Promise<void> {
  for (const [name, { bytes, content }] of files) {
    const header = { name, size: bytes, mtime: new Date(0) };
    if (Buffer.isBuffer(content)) archive.entry(header, content);
    else await pipeline(createReadStream(content.file, { highWaterMark: 1 << 20 }), archive.entry(header));
  }
  archive.finalize();
}
