// The TypeScript files of the repository with what they import, for checks on the structure.

import { glob, readFile } from 'node:fs/promises';

export type Import = {
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** What is imported, such as `isIP`, as written; empty for `import(...)`. */
  readonly names: string;
};
export type SourceFile = { readonly path: string; readonly text: string; readonly imports: readonly Import[] };

export const PACKAGES = ['xds', 'control-plane', 'webhook', 'kubectl-tp'] as const;
export type Package = (typeof PACKAGES)[number];

const FOLDERS = [...PACKAGES, 'charts', 'lab', 'test', 'bench'];
/** Generated files are checked against their generator instead. */
const GENERATED = /^xds\/src\/proto\/generated\/|^kubectl-tp\/dist\//;

export async function readSourceFiles(): Promise<SourceFile[]> {
  const paths: string[] = [];
  for await (const path of glob(FOLDERS.map((folder) => `${folder}/**/*.{ts,mjs}`))) paths.push(path);
  const ours = paths.filter((path) => !path.includes('node_modules') && !GENERATED.test(path)).sort();
  return Promise.all(ours.map(async (path) => parseSourceFile(path, await readFile(path, 'utf8'))));
}

export function parseSourceFile(path: string, text: string): SourceFile {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:([^'";]*?)\sfrom\s+)?'([^']+)'/gm);
  const calls = text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g);
  return {
    path,
    text,
    imports: [
      ...[...statements].map(([, type, names = '', specifier = '']) => ({
        specifier,
        names,
        typeOnly: type !== undefined,
      })),
      ...[...calls].map(([, specifier = '']) => ({ specifier, names: '', typeOnly: false })),
    ],
  };
}
