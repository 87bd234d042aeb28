// Paths that come from the cluster, as parts below a folder of the laptop. Whoever writes objects in the cluster may be
// hostile to the laptop: nothing leads out of the folder, and nothing meets the names that the writer needs. Pure.

/** What most file systems take as one name. */
const MAX_NAME_BYTES = 255;

/**
 * `etc/settings` as its names; a leading slash is not one. Undefined for a path with `..` or anything else that begins
 * with two dots (the kubelet keeps those names for itself, too), with a zero byte or a too long name, and for an empty
 * one.
 */
export function parseRelativePath(path: string): readonly string[] | undefined {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  return names.length > 0 && names.every(isPlainName) ? names : undefined;
}

function isPlainName(name: string): boolean {
  return !name.startsWith('..') && !name.includes('\0') && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}
