// Attributes of files in SFTP version 3 (section 5 of the draft): each group is there or not.

import { buildU32, buildU64, type PacketReader } from './packet.ts';

export type FileAttributes = {
  readonly size?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** With the kind of file, as st_mode. */
  readonly mode?: number;
  /** Seconds since 1970. */
  readonly times?: { readonly accessed: number; readonly modified: number };
};

const HAS = { SIZE: 1, OWNER: 2, MODE: 4, TIMES: 8, EXTENDED: 0x8000_0000 } as const;

export function buildAttributes({ size, owner, mode, times }: FileAttributes): Buffer {
  const flags =
    (size === undefined ? 0 : HAS.SIZE) |
    (owner === undefined ? 0 : HAS.OWNER) |
    (mode === undefined ? 0 : HAS.MODE) |
    (times === undefined ? 0 : HAS.TIMES);
  const numbers = [
    ...(owner === undefined ? [] : [owner.uid, owner.gid]),
    ...(mode === undefined ? [] : [mode]),
    ...(times === undefined ? [] : [times.accessed, times.modified]),
  ];
  return Buffer.concat([buildU32(flags), ...(size === undefined ? [] : [buildU64(size)]), ...numbers.map(buildU32)]);
}

/** Throws SFTP_MALFORMED. */
export function readAttributes(reader: PacketReader): FileAttributes {
  const flags = reader.u32();
  const has = (flag: number) => (flags & flag) !== 0;
  const found: FileAttributes = {
    ...(has(HAS.SIZE) ? { size: reader.u64() } : {}),
    ...(has(HAS.OWNER) ? { owner: { uid: reader.u32(), gid: reader.u32() } } : {}),
    ...(has(HAS.MODE) ? { mode: reader.u32() } : {}),
    ...(has(HAS.TIMES) ? { times: { accessed: reader.u32(), modified: reader.u32() } } : {}),
  };
  if (has(HAS.EXTENDED)) for (let left = 2 * reader.u32(); left > 0; left -= 1) reader.bytes();
  return found;
}
