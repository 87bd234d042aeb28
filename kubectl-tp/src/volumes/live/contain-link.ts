// Links in a volume are followed by the laptop's kernel, on the laptop. Whoever writes the volume may be hostile: no link
// may lead out of the mount, to files that the laptop has there. Pure.

/**
 * The target that a link at `path` (below the mount, `a/b/link`) gets on the laptop; undefined for one that leads out.
 * `mountPath`: where the container has the volume, so that its absolute links into it stay good.
 */
export function containLink(path: readonly string[], target: string, mountPath: readonly string[]): string | undefined {
  const isAbsolute = target.startsWith('/');
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const folders = path.length - 1;
  if (isAbsolute) {
    const isInside = mountPath.every((name, at) => names[at] === name);
    const inner = names.slice(mountPath.length);
    return isInside && !inner.includes('..') ? [...up(folders), ...inner].join('/') || '.' : undefined;
  }
  const ups = names.findIndex((name) => name !== '..');
  const down = ups === -1 ? [] : names.slice(ups);
  // What stands before such dots could itself be a link, from which they lead elsewhere than they seem to.
  const isPlain = !down.includes('..') && names.length - down.length <= folders;
  return isPlain && names.length > 0 ? target : undefined;
}

const up = (folders: number): string[] => Array.from({ length: folders }, () => '..');
