// Packs a folder so that the same files give the same bytes, whoever packs them where: sorted by name, without times,
// owners and umask.

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

/** Byte of a gzip header (RFC 1952) that tells the system; zlib writes its own there. */
const GZIP_SYSTEM_AT = 9;
const UNKNOWN_SYSTEM = 255;

export async function packFolder(folder: string): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of listEntries(folder)) archive.entry({ ...header, mtime: new Date(0) }, content);
  archive.finalize();
  const packed = gzipSync(await buffer(archive), { level: 9 });
  packed.writeUInt8(UNKNOWN_SYSTEM, GZIP_SYSTEM_AT);
  return packed;
}

type Entry = Pick<Header, 'name' | 'mode' | 'type'> & { readonly content: Buffer };

/** Folders before what is in them. Throws for what is neither file nor folder. */
function listEntries(folder: string, prefix = ''): Entry[] {
  const names = readdirSync(folder).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return names.flatMap((own): Entry[] => {
    const path = join(folder, own);
    const name = `${prefix}${own}`;
    const stat = lstatSync(path);
    if (stat.isDirectory()) {
      const entry = { name: `${name}/`, mode: 0o755, type: 'directory', content: Buffer.alloc(0) } as const;
      return [entry, ...listEntries(path, entry.name)];
    }
    if (!stat.isFile()) throw new Error(`${path} is no file: krew takes files only`);
    return [{ name, mode: (stat.mode & 0o100) === 0 ? 0o644 : 0o755, type: 'file', content: readFileSync(path) }];
  });
}
