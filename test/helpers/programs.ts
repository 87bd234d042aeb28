// Real programs for tests. They are built or fetched when missing; a test that cannot have its program fails.

import * as programs from '../../lab/programs.ts';

/** Envoy in the version that agents run. TP_ENVOY overrides it, to try another one. */
export async function envoyPath(): Promise<string> {
  return process.env.TP_ENVOY || programs.envoyPath();
}

export async function helmPath(): Promise<string> {
  return programs.helmPath();
}
