// Starts rootless-host.ts as root or as an ordinary user, who gets a /dev/net/tun of their own in a mount namespace, so
// that nothing of the machine is changed.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AS_ORDINARY_USER, collectOutput, type Output } from './processes.ts';
import type { HostStart } from './rootless-host.ts';

export type RigUser = 'root' | 'ordinary user';

const HOST = fileURLToPath(new URL('./rootless-host.ts', import.meta.url));
const ASIDE = 'mount -t tmpfs -o mode=755 tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200';
/** Of the process that has the device, when the test runs as the ordinary user already. */
const isRoot = process.getuid?.() === 0;

/** Whom tests can be: root can be both. */
export const RIG_USERS: readonly RigUser[] = isRoot ? ['root', 'ordinary user'] : ['ordinary user'];

export type RunningHost = Output & { readonly process: ChildProcess };

export function startHost(user: RigUser, start: HostStart): RunningHost {
  return runAs(user, [process.execPath, HOST, JSON.stringify(start)]);
}

/**
 * Without a shell in between once it runs: signals reach the program. `furnish`: a shell script of root's, for what else
 * an ordinary user's machine has.
 */
export function runAs(
  user: RigUser,
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  furnish = ':',
): RunningHost {
  if (!isRoot && furnish !== ':') throw new Error('This test changes a machine of its own: run it as root.');
  const [program = '', ...parameters] = user === 'root' || !isRoot ? command : asOrdinaryUser(command, furnish);
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env });
  return { process: child, ...collectOutput(child) };
}

function asOrdinaryUser(command: readonly string[], furnish: string): string[] {
  const script = `${ASIDE} && { ${furnish}\n} && exec "$@"`;
  return ['unshare', '--mount', '--', 'sh', '-ec', script, 'sh', ...AS_ORDINARY_USER, ...command];
}
