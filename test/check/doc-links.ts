// Links and back-quoted paths in documents lead to something that is there.

import { glob, readFile } from 'node:fs/promises';
import { posix } from 'node:path';

export type Document = { readonly path: string; readonly text: string };

const DOCUMENTS = ['*.md', 'docs/**/*.md'];
const NOT_OURS = /(^|\/)(node_modules|\.git|dist)(\/|$)/;

export async function checkDocLinks(): Promise<string[]> {
  const documents = await Promise.all(
    (await found(DOCUMENTS)).map(async (path) => ({ path, text: await readFile(path, 'utf8') })),
  );
  return findLinkProblems(documents, await found(['**']));
}

/** `paths`: files and folders of the repository. */
export function findLinkProblems(documents: readonly Document[], paths: readonly string[]): string[] {
  const there = new Set(paths);
  const folders = new Set(paths.flatMap((path) => path.split('/').slice(0, -1)));
  const isThere = (path: string) => there.has(path) || paths.some((each) => isTail(each, path));
  return documents.flatMap(({ path, text }) => [
    ...linksOf(text)
      .filter((link) => !there.has(posix.join(posix.dirname(path), link)))
      .map((link) => `${path}: the link to ${link} leads nowhere`),
    ...quotedPathsOf(text)
      .filter((quoted) => folders.has(quoted.split('/')[0] ?? '') && !expand(quoted).every(isThere))
      .map((quoted) => `${path}: \`${quoted}\` is not there`),
  ]);
}

/** Without those to other hosts, and without the place in a document. */
function linksOf(text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => link.replace(/\/$/, ''));
}

/**
 * Words with a slash inside of a line's back quotes. What begins with the name of a folder of ours is a path of ours, from
 * the root or from further below: `docs/errors.md`, `network/helper`.
 */
function quotedPathsOf(text: string): string[] {
  const quoted = [...text.matchAll(/`([^`\s]+\/[^`\s]*)`/g)].map(([, word = '']) => word);
  return quoted.map((word) => word.replace(/\/$/, '')).filter((word) => word !== '');
}

/** `a/{b,c}.ts` stands for two paths. */
function expand(path: string): string[] {
  const [, before = '', among, after = ''] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return among === undefined ? [path] : among.split(',').map((part) => before + part + after);
}

const isTail = (path: string, tail: string): boolean =>
  `/${path}`.endsWith(`/${tail}`) || `/${path}`.endsWith(`/${tail}.ts`);

async function found(patterns: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of glob(patterns, { exclude: (name) => NOT_OURS.test(name) })) paths.push(path);
  return paths.filter((path) => !NOT_OURS.test(path)).sort();
}
