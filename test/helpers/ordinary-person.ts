// A person at a laptop without root: `kubectl tp` as a user who owns nothing but a home folder.

import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import type { SessionReport } from '../../kubectl-tp/src/ipc/report-messages.ts';
import type { User } from '../../lab/users.ts';
import type { LabCluster } from './lab.ts';
import { type Ended, ORDINARY_ID } from './processes.ts';
import { type RunningHost, runAs } from './rootless-rig.ts';
import { parseStatus } from './tp.ts';

const PROGRAM = fileURLToPath(new URL('../../kubectl-tp/src/main.ts', import.meta.url));

export type OrdinaryPerson = {
  readonly home: string;
  start(...args: string[]): RunningHost;
  /** Standard output; a failure throws with what was printed. */
  tpOk(...args: string[]): Promise<string>;
  tp(...args: string[]): Promise<Ended>;
  /** What their session process says of itself; throws when none runs. */
  status(): Promise<SessionReport>;
  /** On a machine that a program has changed, which runs the command in its place; `unshare ...`, say. */
  tpOn(machine: readonly string[], ...args: string[]): Promise<Ended>;
};

/** Their session ends with the test. */
export async function createOrdinaryPerson(
  t: ExecutionContext,
  cluster: LabCluster,
  user: User,
): Promise<OrdinaryPerson> {
  const home = await mkdtemp(join(tmpdir(), 'tp-user-'));
  const kubeconfig = join(home, 'kubeconfig');
  await writeFile(kubeconfig, await cluster.kubectl(['config', 'view', '--raw', '--flatten'], { user }));
  if (process.getuid?.() === 0)
    await Promise.all([home, kubeconfig].map((path) => chown(path, ORDINARY_ID, ORDINARY_ID)));
  const env = { ...(await cluster.env(user)), HOME: home, XDG_RUNTIME_DIR: home, KUBECONFIG: kubeconfig };
  const start = (...args: string[]) => runAs('ordinary user', [process.execPath, PROGRAM, ...args], env);
  const tp = (...args: string[]) => start(...args).ended;
  const tpOk: OrdinaryPerson['tpOk'] = async (...args) => {
    const { code, stdout, stderr } = await tp(...args);
    if (code !== 0) throw new Error(`kubectl tp ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
    return stdout;
  };
  t.teardown(async () => {
    await tp('quit');
    await rm(home, { recursive: true, force: true });
  });
  return {
    home,
    start,
    tp,
    tpOk,
    tpOn: (machine, ...args) => runAs('ordinary user', [...machine, process.execPath, PROGRAM, ...args], env).ended,
    status: async () => parseStatus(await tpOk('status', '-o', 'json')),
  };
}
