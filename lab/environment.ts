// A shell's view of the lab: who one is there, and `kubectl`, `kubectl tp` and `helm` on the path.

import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortHash } from './cache.ts';
import { kubeconfigOf, type Lab } from './lab.ts';
import { CHECKOUT, cacheFolder, NODE } from './paths.ts';
import { helmPath, kubeFolder } from './programs.ts';
import type { User } from './users.ts';

export type ShellVariables = { KUBECONFIG: string; PATH: string };

/** Variables for a child process or a shell. The path comes in front of the one there is. */
export async function environmentFor(lab: Lab, user: User): Promise<ShellVariables> {
  const variables = await pluginEnvironment(kubeconfigOf(lab, user));
  await link(join(await kubeFolder(), 'kubectl'), join(launcherFolder(), 'kubectl'));
  await link(await helmPath(), join(launcherFolder(), 'helm'));
  return variables;
}

/** For a cluster of one's own: `kubectl tp` of this checkout beside the machine's kubectl. */
export async function pluginEnvironment(kubeconfig: string): Promise<ShellVariables> {
  await writePluginLauncher();
  return { KUBECONFIG: kubeconfig, PATH: `${launcherFolder()}:${process.env.PATH}` };
}

/** A line for `eval`. The shell's own path is left to the shell: npm has put its folders into ours. */
export async function shellEnvironment(lab: Lab, user: User): Promise<string> {
  const { KUBECONFIG } = await environmentFor(lab, user);
  return `${formatExport(KUBECONFIG)}\n`;
}

/** What a person types to have what `pluginEnvironment` gives to a child. */
export function formatExport(kubeconfig: string): string {
  return `export KUBECONFIG=${shellQuote(kubeconfig)} PATH=${shellQuote(launcherFolder())}:"$PATH"`;
}

/** One per checkout, as `kubectl tp` runs that checkout's sources. */
const launcherFolder = (): string => join(cacheFolder(), 'launchers', shortHash(CHECKOUT));

async function writePluginLauncher(): Promise<void> {
  await mkdir(launcherFolder(), { recursive: true });
  // Without `--` Node would read the plugin's --env-file as its own.
  const script = `#!/bin/sh\nexec ${shellQuote(NODE)} -- ${shellQuote(join(CHECKOUT, 'kubectl-tp/src/main.ts'))} "$@"\n`;
  await replace(join(launcherFolder(), 'kubectl-tp'), async (path) => {
    await writeFile(path, script);
    await chmod(path, 0o755);
  });
}

const link = (target: string, path: string): Promise<void> => replace(path, (next) => symlink(target, next));

/** Replaces in one step: somebody may be using the file, or replacing it as well. */
async function replace(path: string, create: (path: string) => Promise<void>): Promise<void> {
  const next = `${path}.${randomUUID()}`;
  await create(next);
  await rename(next, path);
}

export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
