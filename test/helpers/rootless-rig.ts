// Starts rootless-host.ts as root or as an ordinary user, who gets a /dev/net/tun of their own in a mount namespace, so
// that nothing of the machine is changed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HostStart } from './rootless-host.ts';

export type RigUser = 'root' | 'ordinary user';

const HOST = fileURLToPath(new URL('./rootless-host.ts', import.meta.url));
/** Nobody's. */
export const ORDINARY_ID = 65_534;
const ASIDE = `mount -t tmpfs -o mode=755 tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"`;
/** Of the process that has the device, when the test runs as the ordinary user already. */
const isRoot = process.getuid?.() === 0;

/** Whom tests can be: root can be both. */
export const RIG_USERS: readonly RigUser[] = isRoot ? ['root', 'ordinary user'] : ['ordinary user'];

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type RunningHost = {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  readonly ended: Promise<Ended>;
};

export function startHost(user: RigUser, start: HostStart): RunningHost {
  return runAs(user, [process.execPath, HOST, JSON.stringify(start)]);
}

/** Without a shell in between once it runs: signals reach the program. */
export function runAs(user: RigUser, command: readonly string[], env: NodeJS.ProcessEnv = process.env): RunningHost {
  const [program = '', ...parameters] = user === 'root' || !isRoot ? command : asOrdinaryUser(command);
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return {
    process: child,
    stdout: () => stdout,
    ended: once(child, 'close').then(([code]) => ({ code, stdout, stderr })),
  };
}

function asOrdinaryUser(command: readonly string[]): string[] {
  const become = ['setpriv', '--reuid', `${ORDINARY_ID}`, '--regid', `${ORDINARY_ID}`, '--clear-groups', '--'];
  return ['unshare', '--mount', '--', 'sh', '-c', ASIDE, 'sh', ...become, ...command];
}
