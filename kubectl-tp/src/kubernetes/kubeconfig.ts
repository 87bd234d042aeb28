// Reads kubeconfig files the way kubectl does: a list of files, the first to name something wins. client-node does
// not do that (a name in two files is an error, the last current-context wins), so it gets the result of this.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { TpError } from '../errors.ts';
import { readPlainYaml } from './read-plain-yaml.ts';

export type NamedEntry = {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** The file it comes from; undefined when flags gave it. */
  readonly file?: string;
};

export type Kubeconfig = {
  readonly paths: readonly string[];
  readonly currentContext: string;
  readonly contexts: ReadonlyMap<string, NamedEntry>;
  readonly clusters: ReadonlyMap<string, NamedEntry>;
  readonly users: ReadonlyMap<string, NamedEntry>;
};

/** Keys whose values are paths, relative to the file they stand in. */
const PATH_KEYS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

export async function readKubeconfig(flag: string | undefined, env: NodeJS.ProcessEnv): Promise<Kubeconfig> {
  const paths = kubeconfigPaths(flag, env);
  // A file named by the flag must exist; of the list in the environment any may be missing, as in kubectl.
  const files = await Promise.all(paths.map((path) => readOne(path, flag !== undefined)));
  const found = files.filter((file) => file !== undefined);
  if (found.length === 0) throw noKubeconfig(paths);
  return {
    paths,
    currentContext: found.map((file) => file.currentContext).find((name) => name !== '') ?? '',
    contexts: firstWins(found.map((file) => file.contexts)),
    clusters: firstWins(found.map((file) => file.clusters)),
    users: firstWins(found.map((file) => file.users)),
  };
}

function kubeconfigPaths(flag: string | undefined, env: NodeJS.ProcessEnv): string[] {
  if (flag !== undefined) return [resolve(flag)];
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  return listed.length > 0 ? listed.map((path) => resolve(path)) : [join(env.HOME ?? homedir(), '.kube', 'config')];
}

type OneFile = Pick<Kubeconfig, 'currentContext'> & Record<'contexts' | 'clusters' | 'users', NamedEntry[]>;

async function readOne(path: string, required: boolean): Promise<OneFile | undefined> {
  let text: string;
  try {
    // There is nothing else to do meanwhile, and `node:fs/promises` would have to be loaded.
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause) && !required) return undefined;
    throw isMissing(cause) ? noKubeconfig([path]) : invalid(path, reasonOf(cause), cause);
  }
  const document = await parseDocument(path, text);
  return {
    currentContext: typeof document['current-context'] === 'string' ? document['current-context'] : '',
    contexts: entries(document.contexts, 'context', path),
    clusters: entries(document.clusters, 'cluster', path),
    users: entries(document.users, 'user', path),
  };
}

async function parseDocument(path: string, text: string): Promise<Record<string, unknown>> {
  try {
    const document: unknown = readPlainYaml(text) ?? (await parseYaml(text)) ?? {};
    if (isRecord(document)) return document;
  } catch (cause) {
    throw invalid(path, reasonOf(cause), cause);
  }
  throw invalid(path, 'it is not a kubeconfig.');
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('../yaml.ts');
  return parse(text);
}

function entries(list: unknown, key: string, path: string): NamedEntry[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).flatMap((entry) => {
    const value = entry[key];
    if (typeof entry.name !== 'string') return [];
    return [{ name: entry.name, value: isRecord(value) ? withAbsolutePaths(value, dirname(path)) : {}, file: path }];
  });
}

function withAbsolutePaths(value: Record<string, unknown>, folder: string): Record<string, unknown> {
  const paths = PATH_KEYS.flatMap((key) => {
    const path = value[key];
    return typeof path === 'string' && path !== '' ? [[key, resolve(folder, path)]] : [];
  });
  return { ...value, ...Object.fromEntries(paths), ...absoluteExec(value.exec, folder) };
}

/** A command with a slash is relative to its file, too; one without is looked up in PATH. */
function absoluteExec(exec: unknown, folder: string): { exec?: unknown } {
  if (!isRecord(exec) || typeof exec.command !== 'string' || !exec.command.includes('/')) return {};
  return { exec: { ...exec, command: resolve(folder, exec.command) } };
}

function firstWins(lists: readonly NamedEntry[][]): Map<string, NamedEntry> {
  const result = new Map<string, NamedEntry>();
  for (const entry of lists.flat()) if (!result.has(entry.name)) result.set(entry.name, entry);
  return result;
}

function noKubeconfig(paths: readonly string[]): TpError {
  return new TpError('KUBECONFIG_INVALID', `There is no kubeconfig: looked for ${paths.join(', ')}.`, {
    hint: 'Name it by --kubeconfig FILE or the environment variable KUBECONFIG.',
  });
}

function invalid(path: string, why: string, cause?: unknown): TpError {
  return new TpError('KUBECONFIG_INVALID', `The kubeconfig ${path} cannot be used: ${why}`, {
    hint: 'Check that kubectl can use it: kubectl config view',
    cause,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // The YAML parser's first line announces an excerpt of the file, which may hold secrets.
  return (message.split('\n', 1)[0] ?? message).replace(/:$/, '.');
}
