// Packs a folder so that the same files give the same bytes, whoever packs them where: sorted by name, without times,
// owners and umask (ustar of POSIX.1-1988, in gzip of RFC 1952).

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BLOCK_BYTES = 512;
const MAX_NAME_BYTES = 100;
/** The first moment there is; some programs warn of files from before it. */
const TIME = 0;
const FILE = '0';
const FOLDER = '5';
/** Byte of a gzip header that tells the system; zlib writes its own there. */
const GZIP_SYSTEM_AT = 9;
const UNKNOWN_SYSTEM = 255;

export function packFolder(folder: string): Buffer {
  const blocks = listEntries(folder).flatMap((entry) => [buildHeader(entry), entry.content, padding(entry.content)]);
  const archive = Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
  const packed = gzipSync(archive, { level: 9 });
  packed.writeUInt8(UNKNOWN_SYSTEM, GZIP_SYSTEM_AT);
  return packed;
}

type Entry = { readonly name: string; readonly mode: number; readonly kind: string; readonly content: Buffer };

/** Folders before what is in them. Throws for what is neither file nor folder. */
function listEntries(folder: string, prefix = ''): Entry[] {
  const names = readdirSync(folder).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return names.flatMap((own) => {
    const path = join(folder, own);
    const name = `${prefix}${own}`;
    const stat = lstatSync(path);
    if (stat.isDirectory()) {
      const entry = { name: `${name}/`, mode: 0o755, kind: FOLDER, content: Buffer.alloc(0) };
      return [entry, ...listEntries(path, entry.name)];
    }
    if (!stat.isFile()) throw new Error(`${path} is no file: krew takes files only`);
    return [{ name, mode: (stat.mode & 0o100) === 0 ? 0o644 : 0o755, kind: FILE, content: readFileSync(path) }];
  });
}

function buildHeader({ name, mode, kind, content }: Entry): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  if (header.write(name, 0) > MAX_NAME_BYTES) throw new Error(`${name} is too long a name for the archive`);
  const numbers: [value: number, at: number, digits: number][] = [
    [mode, 100, 7],
    [0, 108, 7], // owner
    [0, 116, 7], // group
    [content.length, 124, 11],
    [TIME, 136, 11],
  ];
  for (const [value, at, digits] of numbers) header.write(octal(value, digits), at);
  header.write(kind, 156);
  header.write('ustar\0' + '00', 257);
  // The sum of all bytes, taken with blanks in its own place.
  header.write(' '.repeat(8), 148);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  return header;
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

function padding({ length }: Buffer): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES);
}
