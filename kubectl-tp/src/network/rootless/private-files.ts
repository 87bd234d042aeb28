// What programs in a namespace see in place of the machine's own files: which resolver to ask, and no daemon that would
// resolve names around it.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checked, systemCalls } from '../device/system-calls.ts';

const MS_BIND = 0x1000;
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
    const file = join(folder, 'resolv.conf');
    writeFileSync(file, resolvConf, { mode: 0o644 });
    // The file lives on without a name while it is mounted.
    bind(file, RESOLV_CONF);
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const socket of RESOLVER_SOCKETS) if (existsSync(socket)) bind('/dev/null', socket);
}

function bind(source: string, target: string): void {
  checked(`mounting over ${target}`, systemCalls.mount(source, target, null, MS_BIND, null));
}
