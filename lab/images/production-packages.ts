// Which folders of node_modules some workspaces need at run time, read from package-lock.json. Pure.

export type LockPackage = {
  readonly link?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
};
export type Lock = { readonly packages: Readonly<Record<string, LockPackage>> };

/** Folders such as `node_modules/pino`, sorted, links to workspaces included, development packages not. */
export function productionPackages(lock: Lock, workspaces: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    for (const name of dependencyNames(lock.packages[folder])) {
      const target = resolveFolder(lock, folder, name);
      // Optional and peer packages may be absent.
      if (target === undefined || found.has(target)) continue;
      found.add(target);
      visit(workspaceOf(lock, target) ?? target);
    }
  };
  for (const workspace of workspaces) visit(workspace);
  return outermost([...found].sort());
}

/** A folder brings those below it along. */
function outermost(folders: readonly string[]): string[] {
  return folders.filter((folder) => !folders.some((other) => folder.startsWith(`${other}/`)));
}

function dependencyNames(entry: LockPackage | undefined): string[] {
  return Object.keys({ ...entry?.dependencies, ...entry?.optionalDependencies, ...entry?.peerDependencies });
}

/** Node's rule: the nearest `node_modules` on the way up to the root. */
function resolveFolder(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = parent(folder)) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (lock.packages[candidate]) return candidate;
    if (folder === '') return undefined;
  }
}

function parent(folder: string): string {
  return folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '';
}

function workspaceOf(lock: Lock, folder: string): string | undefined {
  const entry = lock.packages[folder];
  return entry?.link ? entry.resolved : undefined;
}
