// A person whose laptop can mount live volumes, and a shell of that laptop.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { whyNoSshfs } from '../../kubectl-tp/src/volumes/live/sshfs.ts';
import { mountProgramsFolder } from '../../lab/programs.ts';
import type { Stage } from './stage.ts';
import type { Person } from './tp.ts';

export async function mountingPerson(stage: Stage): Promise<Person> {
  const person = await stage.person('admin');
  person.env.PATH = `${join(await mountProgramsFolder(), 'bin')}:${person.env.PATH}`;
  const why = await whyNoSshfs(person.env);
  if (why !== undefined) throw new Error(`These tests mount volumes, but ${why}`);
  return person;
}

/** Must not hang: what takes longer has failed. */
export async function laptopShell(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { timeout: 30_000, maxBuffer: 1 << 20 });
  return stdout;
}
