// What programs in a namespace see in place of the machine's own files: which resolver to ask, and no daemon that would
// resolve names around it.

import { existsSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bind, mountTmpfs, unmount } from './mount-calls.ts';

const FOLDER_MODE = 0o755;
const RESOLV_CONF = '/etc/resolv.conf';
/**
 * Name service switches ask these first, of systemd-resolved (nss-resolve) and nscd. With nobody behind the socket they
 * go on to resolv.conf.
 */
const RESOLVER_SOCKETS = ['/run/systemd/resolve/io.systemd.Resolve', '/run/nscd/socket'];

/** In a mount namespace of its own. Nothing is left on disk. */
export function mountPrivateFiles(resolvConf: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'tp-namespace-'));
  try {
    mountTmpfs(folder, FOLDER_MODE);
    const file = join(folder, 'resolv.conf');
    writeFileSync(file, resolvConf, { mode: 0o644 });
    bind(file, RESOLV_CONF);
    // The file lives on while it is mounted; one that was removed could not be mounted once more.
    unmount(folder);
  } finally {
    rmdirSync(folder);
  }
  for (const socket of RESOLVER_SOCKETS) if (existsSync(socket)) bind('/dev/null', socket);
}
