// How unshare(1) of util-linux is called. A program does it because a process with threads, as Node is, cannot enter a
// user namespace by itself.

import { TpError } from '../../errors.ts';
import { findProgram } from '../../find-program.ts';

export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * A network and a mount namespace; for all but root in a user namespace, which gives the rights to set them up. Root
 * keeps its own: files that it may read outside it may read inside, too.
 */
export function namespaceFlags(): string[] {
  return isRoot() ? ['--net', '--mount'] : ['--user', '--map-root-user', '--net', '--mount'];
}

/** From there back to the user's own id, with no rights over the network. */
export function sameUserFlags(): string[] {
  return ['--user', `--map-user=${process.getuid?.()}`, `--map-group=${process.getgid?.()}`];
}

/** The path; throws NAMESPACE_TOOL_MISSING. */
export async function unshareProgram(env: NodeJS.ProcessEnv): Promise<string> {
  const path = await findProgram('unshare', env);
  if (path !== undefined) return path;
  throw new TpError('NAMESPACE_TOOL_MISSING', 'The program unshare is not on this machine.', {
    hint: 'Install util-linux, 2.36 or later.',
  });
}
