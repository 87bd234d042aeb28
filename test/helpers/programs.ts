// Real programs for tests. They are built or fetched when missing; a test that cannot have its program fails.

import { join } from 'node:path';
import * as programs from '../../lab/programs.ts';

/** Envoy in the version that agents run. TP_ENVOY overrides it, to try another one. */
export async function envoyPath(): Promise<string> {
  return process.env.TP_ENVOY || programs.envoyPath();
}

export async function helmPath(): Promise<string> {
  return programs.helmPath();
}

export async function kubectlPath(): Promise<string> {
  return join(await programs.kubeFolder(), 'kubectl');
}
