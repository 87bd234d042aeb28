// Names of the laptop by /etc/resolv.conf: puts ours in its place and gives the laptop its own back. The file that was
// there lies beside it meanwhile, the same file and not a copy: a link that others write through stays one.

import { linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolvConfLines } from '../dns/resolv-conf.ts';

export const RESOLV_CONF = '/etc/resolv.conf';
export const BACKUP_PATH = '/etc/resolv.conf.kubectl-tp';
const WRITTEN_PATH = '/etc/resolv.conf.kubectl-tp-new';

/** First line of our file: by it we know it again. */
const MARKER = '# Written by kubectl tp connect, which puts the file that was here back when it ends.';
const REMEDY = `# If it cannot, this does: sudo mv ${BACKUP_PATH} ${RESOLV_CONF}`;
/** Of a file that something is mounted over, as containers have it: it can be written, but not replaced. */
const MOUNTED_OVER: readonly string[] = ['EBUSY', 'EXDEV', 'EPERM'];

/** `server` is asked for all names, with the suffixes in front of the laptop's own. */
export function replaceResolvConf(server: string, search: readonly string[]): void {
  const before = readText(RESOLV_CONF) ?? '';
  const after = buildResolvConf(before, server, search);
  rmSync(WRITTEN_PATH, { force: true });
  rmSync(BACKUP_PATH, { force: true });
  try {
    // The same file under a second name; of a symbolic link, the link.
    linkSync(RESOLV_CONF, BACKUP_PATH);
    writeFileSync(WRITTEN_PATH, after, { flag: 'wx', mode: 0o644 });
    renameSync(WRITTEN_PATH, RESOLV_CONF);
  } catch (error) {
    rmSync(WRITTEN_PATH, { force: true });
    if (!isOneOf(error, MOUNTED_OVER)) throw error;
    rmSync(BACKUP_PATH, { force: true });
    writeFileSync(BACKUP_PATH, before, { flag: 'wx', mode: 0o644 });
    writeFileSync(RESOLV_CONF, after);
  }
}

/** Whether there was something to put back. What others have written in place of ours stays. */
export function restoreResolvConf(): boolean {
  rmSync(WRITTEN_PATH, { force: true });
  if (!exists(BACKUP_PATH)) return false;
  if (!isReplaced()) {
    rmSync(BACKUP_PATH);
    return false;
  }
  try {
    renameSync(BACKUP_PATH, RESOLV_CONF);
  } catch (error) {
    if (!isOneOf(error, MOUNTED_OVER)) throw error;
    writeFileSync(RESOLV_CONF, readFileSync(BACKUP_PATH));
    rmSync(BACKUP_PATH);
  }
  return true;
}

/** Ours is there. Everybody may ask. */
export const isReplaced = (): boolean => readText(RESOLV_CONF)?.startsWith(MARKER) === true;

/** The laptop's own search path and options go on to hold. */
export function buildResolvConf(before: string, server: string, search: readonly string[]): string {
  const lines = resolvConfLines(before);
  // The last one of the two words counts (resolv.conf(5)).
  const [, ...own] = lines.findLast(([word]) => word === 'search' || word === 'domain') ?? [];
  const options = lines.flatMap(([word, ...values]) => (word === 'options' ? values : []));
  return [
    MARKER,
    REMEDY,
    `nameserver ${server}`,
    `search ${[...search, ...own.filter((suffix) => !search.includes(suffix))].join(' ')}`,
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
    '',
  ].join('\n');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isOneOf(error, ['ENOENT'])) return undefined;
    throw error;
  }
}

/** Itself, not what it may lead to. */
const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const isOneOf = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));
