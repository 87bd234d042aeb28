// Installs the shipped chart with the person's own helm, so that later upgrades can be theirs.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TpError } from '../errors.ts';
import { findProgram } from '../find-program.ts';
import { buildKubeconfig } from '../kubernetes/build-kubeconfig.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { assetPath } from './assets.ts';

export const HELM_RELEASE = 'tp';

export function findHelm(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return findProgram(process.platform === 'win32' ? 'helm.exe' : 'helm', env);
}

type HelmInstall = {
  readonly helm: string;
  readonly connection: Connection;
  readonly settings: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
};

/** The namespace has to be there. */
export async function installWithHelm({ helm, connection, settings, env, signal }: HelmInstall): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-tp-helm-'));
  try {
    const kubeconfig = join(folder, 'kubeconfig');
    // helm reads files only: the resolved connection, readable by this user alone, for as long as helm runs.
    await writeFile(kubeconfig, JSON.stringify(buildKubeconfig(connection)), { mode: 0o600 });
    const values = settings.flatMap((setting) => ['--set', setting]);
    const place = ['--namespace', connection.installNamespace, '--kubeconfig', kubeconfig];
    const conflicts = buildConflictOptions(await run(helm, ['version', '--short'], { env, signal }));
    const args = ['upgrade', '--install', HELM_RELEASE, assetPath('chart'), ...place, ...conflicts, ...values];
    await run(helm, args, { env, signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * helm 4 refuses an upgrade where somebody else has written a field that it changes. These are our own objects, and
 * they become what this version needs, as without helm.
 */
export function buildConflictOptions(version: string): string[] {
  return /^v?[0-3]\./.test(version) ? [] : ['--server-side=true', '--force-conflicts'];
}

/** Resolves with standard output. */
function run(
  program: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let said = '';
    child.stdout.on('data', (text) => {
      output += String(text);
    });
    child.stderr.on('data', (text) => {
      said += String(text);
    });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(failed(code, said))));
  });
}

function failed(code: number | null, said: string): TpError {
  return new TpError('HELM_FAILED', `helm ended with ${code ?? 'a signal'}: ${said.trim()}`, {
    hint: 'To install without helm: kubectl tp install --no-helm',
  });
}
