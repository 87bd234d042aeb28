// Plugin and cluster part have to speak the same words; before 1.0 these may change with every minor version. Pure.

import { TpError } from '../errors.ts';
import { VERSION_LABEL } from '../install/installed-version.ts';
import type { Pod } from '../kubernetes/objects.ts';
import { VERSION } from '../version.ts';

/** During an upgrade there are pods of two versions: one that fits is enough. A pod without the label tells nothing. */
export function assertSameVersion(relays: readonly Pod[], plugin = VERSION): void {
  const versions = relays
    .map(({ metadata }) => metadata.labels?.[VERSION_LABEL])
    .filter((label) => label !== undefined);
  const [installed] = versions;
  if (installed === undefined || versions.some((version) => minorOf(version) === minorOf(plugin))) return;
  const isOld = compare(installed, plugin) < 0;
  throw new TpError('VERSION_MISMATCH', `The cluster part is version ${installed}, this plugin ${plugin}.`, {
    hint: isOld ? 'Upgrade it, as an administrator: kubectl tp install' : 'Upgrade the plugin: kubectl krew upgrade tp',
  });
}

function minorOf(version: string): string {
  const [major = '', minor = ''] = version.split('.');
  return major === '0' ? `0.${minor}` : major;
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
