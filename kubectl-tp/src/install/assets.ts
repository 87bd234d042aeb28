// Where the plugin finds what it ships: the chart and the manifests rendered from it.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** From the sources, then from the bundle, which lies beside both folders. */
const CANDIDATES = {
  manifests: ['../../manifests/', './manifests/'],
  chart: ['../../../charts/tp/', './charts/tp/'],
} as const;

export function assetPath(name: keyof typeof CANDIDATES): string {
  const paths = CANDIDATES[name].map((relative) => fileURLToPath(new URL(relative, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`The plugin lacks its ${name}: looked for ${paths.join(', ')}.`);
  return found;
}
