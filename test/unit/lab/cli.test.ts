// `npm run lab -- COMMAND` as people type it, without a cluster.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { describeUsers } from '../../../lab/users.ts';
import { runToEnd } from '../../helpers/processes.ts';

const CLI = fileURLToPath(new URL('../../../lab/cli.ts', import.meta.url));

/** On a machine that has never started a lab. */
async function runLab(t: ExecutionContext, ...words: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'tp-lab-'));
  t.teardown(() => rm(folder, { recursive: true }));
  // Without a path nothing is built, should a command go as far as to want the lab's programs.
  const env = { XDG_CACHE_HOME: folder, TP_LAB_NAME: 'stopped', PATH: '' };
  return runToEnd([process.execPath, CLI, ...words], { env });
}

for (const command of ['env', 'users']) {
  test(`${command} of a lab that does not run fails with the next step, and gives eval nothing`, async (t) => {
    const { code, stdout, stderr } = await runLab(t, command);
    t.is(code, 1);
    t.is(stdout, '');
    t.is(stderr, 'lab: The lab "stopped" does not run.\nnpm run lab -- start\n');
  });
}

test('nobody is told before the cluster is asked', async (t) => {
  const { code, stderr } = await runLab(t, 'env', '--user', 'mallory');
  t.is(code, 2);
  t.regex(stderr, /names nobody/);
});

test('users are told with what they may', (t) => {
  t.is(
    describeUsers(),
    [
      'admin: everything',
      'alice: edit in team-a, tp-user in team-a, tp-user in kubectl-tp',
      'bob: view in team-a, view in team-b',
      'carol: edit in team-a, tp-user in team-a, tp-user in kubectl-tp',
    ].join('\n'),
  );
});
