import { readdir, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { kubectl } from '../../../lab/api-client.ts';
import { isHealthy, joinNode, loadIntoNodes, start, stop, wipe } from '../../../lab/cluster.ts';
import { TOOLS_IMAGE, toolsImage } from '../../../lab/images/definitions.ts';
import { currentLab, type Lab } from '../../../lab/lab.ts';
import { daemonPids, isAlive, waitFor } from '../../../lab/processes.ts';
import { labPrograms } from '../../../lab/programs.ts';
import { capture } from '../../../lab/shell.ts';
import { describeStatus } from '../../../lab/status.ts';

// A lab of its own beside the one that the other tests use.
const lab = currentLab('life');
const silent = () => undefined;

test('a lab starts beside another, survives a crash and leaves nothing when it stops', async (t) => {
  t.is(userInfo().uid, 0, 'the lab needs root');
  await wipe(lab);
  const before = await traces();
  t.teardown(() => wipe(lab));

  t.true(await start(lab, silent));
  t.false(await start(lab, silent), 'it runs already');
  t.notDeepEqual(await traces(), before);

  await crash(lab, ['kube-apiserver', 'containerd-lab']);
  t.false(await isHealthy(lab));
  const status = await describeStatus(lab);
  t.true(status.includes(lab.folders.log), status);
  t.regex(status, /kube-apiserver +pid \d+ +dead\n/);
  t.true(await start(lab, silent), 'cleaned up and started again');
  await assertHalfJoinedIsNoNode(t);
  await runPod();

  await stop(lab);
  await waitFor('zombies to be reaped', async () => (await processes()).length === 0);
  t.deepEqual(await traces(), before);
});

/** What is left of a join that has ended before its containerd ran. */
async function assertHalfJoinedIsNoNode(t: ExecutionContext): Promise<void> {
  await capture('ip', ['netns', 'add', lab.nodes[1].netns]);
  await t.throwsAsync(joinNode(lab, silent), { code: 'LAB_DEADLINE' });
  await t.notThrowsAsync(loadIntoNodes(lab, [{ ...(await toolsImage()), name: 'lab.local/anew:1' }]));
}

/** So that there are mounts, cgroups and logs to clean up. */
async function runPod(): Promise<void> {
  const programs = await labPrograms();
  await kubectl(lab, programs, ['run', 'app', `--image=${TOOLS_IMAGE}`]);
  await kubectl(lab, programs, ['wait', '--for=condition=Ready', 'pod/app', '--timeout=60s']);
}

/** Kills as a machine in trouble would: without a word, and only some. */
async function crash(lab: Lab, names: readonly string[]): Promise<void> {
  const pids = await daemonPids(lab);
  const victims = names.flatMap((name) => pids.get(name) ?? []);
  for (const pid of victims) process.kill(pid, 'SIGKILL');
  await waitFor('the crash', async () => !(await Promise.all(victims.map(isAlive))).some(Boolean));
}

/** Everything on the machine that bears the mark of a lab called "life". */
async function traces(): Promise<Record<string, string[]>> {
  const ours = (text: string) => text.split('\n').filter((line) => /\blife\b|life-/.test(line));
  const sysctls = ['vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops'];
  return {
    namespaces: ours(await capture('ip', ['netns'])),
    links: ours(await capture('ip', ['-o', 'link'])).map((line) => line.split(':')[1] ?? ''),
    routes: ours(await capture('ip', ['route'])),
    mounts: ours(await readFile('/proc/self/mounts', 'utf8')),
    cgroups: ours((await capture('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-type', 'd'])).trim()),
    logs: ours(await capture('find', ['/var/log', '-maxdepth', '2', '-type', 'l', '-printf', '%l\\n'])),
    processes: await processes(),
    sysctls: await Promise.all(sysctls.map((name) => readFile(`/proc/sys/${name}`, 'utf8'))),
  };
}

async function processes(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.filter((command) => command.includes(lab.folders.state));
}
