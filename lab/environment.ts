// A shell's view of the lab: who one is there, and `kubectl`, `kubectl tp` and `helm` on the path.

import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortHash } from './cache.ts';
import { kubeconfigOf, type Lab } from './lab.ts';
import { CHECKOUT, cacheFolder, NODE } from './paths.ts';
import { helmPath, kubeFolder } from './programs.ts';
import type { User } from './users.ts';

/** Variables for a child process or a shell. The path comes in front of the one there is. */
export async function environmentFor(lab: Lab, user: User): Promise<{ KUBECONFIG: string; PATH: string }> {
  return { KUBECONFIG: kubeconfigOf(lab, user), PATH: `${await launchers()}:${process.env.PATH}` };
}

export async function shellEnvironment(lab: Lab, user: User): Promise<string> {
  const variables = Object.entries(await environmentFor(lab, user));
  return variables.map(([name, value]) => `export ${name}=${shellQuote(value)}\n`).join('');
}

/** Folder with the programs a person types. One per checkout, as `kubectl tp` runs that checkout's sources. */
export async function launchers(): Promise<string> {
  const folder = join(cacheFolder(), 'launchers', shortHash(CHECKOUT));
  await mkdir(folder, { recursive: true });
  const plugin = join(CHECKOUT, 'kubectl-tp/src/main.ts');
  const script = `#!/bin/sh\nexec ${shellQuote(NODE)} ${shellQuote(plugin)} "$@"\n`;
  await writeFile(`${folder}/.kubectl-tp`, script);
  await chmod(`${folder}/.kubectl-tp`, 0o755);
  await rename(`${folder}/.kubectl-tp`, `${folder}/kubectl-tp`);
  await link(join(await kubeFolder(), 'kubectl'), join(folder, 'kubectl'));
  await link(await helmPath(), join(folder, 'helm'));
  return folder;
}

/** Replaces in one step: somebody may be using the folder. */
async function link(target: string, path: string): Promise<void> {
  const next = `${path}.${process.pid}`;
  await symlink(target, next);
  await rename(next, path);
}

export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
