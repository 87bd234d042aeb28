// The kubelet sets a few kernel parameters for the whole machine. The lab notes what was there and puts it back.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from './lab.ts';

const SYSCTLS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

export async function saveSysctls(lab: Lab): Promise<void> {
  const values = await Promise.all(SYSCTLS.map(async (name) => [name, await readFile(`/proc/sys/${name}`, 'utf8')]));
  await writeFile(file(lab), JSON.stringify(Object.fromEntries(values)));
}

export async function restoreSysctls(lab: Lab): Promise<void> {
  const saved = await readFile(file(lab), 'utf8').catch(() => '{}');
  for (const [name, value] of Object.entries<string>(JSON.parse(saved))) await writeFile(`/proc/sys/${name}`, value);
}

const file = (lab: Lab): string => join(lab.folders.run, 'sysctls.json');
