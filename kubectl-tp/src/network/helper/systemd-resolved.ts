// Names of the laptop by systemd-resolved, which asks each interface's resolver for that interface's names only
// (resolvectl(1)). Its settings of an interface go with the interface.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parseResolvConf } from '../dns/resolv-conf.ts';
import { RESOLV_CONF } from './resolv-conf-file.ts';

/** Where distributions have it. Not by PATH, which is not root's. */
const PROGRAMS = ['/usr/bin/resolvectl', '/bin/resolvectl'] as const;
const SOCKET = '/run/systemd/resolve/io.systemd.Resolve';
const NAME_SERVICES = '/etc/nsswitch.conf';
/** Its own addresses, which programs find in resolv.conf. */
const STUBS: readonly string[] = ['127.0.0.53', '127.0.0.54'];
const CALL_TIMEOUT_MS = 10_000;

/** Whether programs of this machine ask it. */
export function usesResolved(): boolean {
  if (!existsSync(SOCKET) || resolvectl() === undefined) return false;
  const isStubAsked = parseResolvConf(readText(RESOLV_CONF)).servers.some((server) => STUBS.includes(server));
  return isStubAsked || /^hosts:.*\bresolve\b/m.test(readText(NAME_SERVICES));
}

export type LinkNames = {
  readonly interface: string;
  readonly server: string;
  readonly search: readonly string[];
  readonly domains: readonly string[];
};

/** Throws with what the program has said. */
export function setResolvedLink({ interface: name, server, search, domains }: LinkNames): void {
  call('dns', name, server);
  // A domain with `~` leads names there without being tried behind short ones.
  call('domain', name, ...search, ...domains.map((domain) => `~${domain}`));
  call('default-route', name, 'false');
}

export function revertResolvedLink(name: string): void {
  call('revert', name);
}

function call(...words: string[]): void {
  const program = resolvectl();
  if (program === undefined) throw new Error('resolvectl is not on this machine');
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'], timeout: CALL_TIMEOUT_MS, env: {} });
}

const resolvectl = (): string | undefined => PROGRAMS.find((path) => existsSync(path));

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // as good as empty, as the C library has it
  }
}
