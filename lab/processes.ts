// Starts the lab's daemons in a node's network namespace and finds what runs there.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from './errors.ts';
import type { Lab, LabNode } from './lab.ts';
import type { Programs } from './programs.ts';

export type Daemon = { readonly name: string; readonly args: readonly string[]; readonly program?: string };

/** Starts a daemon that outlives us. Its output goes to `log/<name>.log`, its pid to `run/<name>.pid`. */
export async function startDaemon(lab: Lab, programs: Programs, node: LabNode, daemon: Daemon): Promise<void> {
  const log = openSync(join(lab.folders.log, `${daemon.name}.log`), 'a');
  // nsenter, since "ip netns exec" would mount another /sys and hide the cgroups.
  const command = ['--net=/run/netns/'.concat(node.netns), '--', join(programs.kube, daemon.program ?? daemon.name)];
  const child = spawn('nsenter', [...command, ...daemon.args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: daemonEnvironment(programs),
  });
  closeSync(log);
  child.unref();
  child.on('error', (error) => console.error(`lab: ${daemon.name}: ${error.message}`));
  await writeFile(join(lab.folders.run, `${daemon.name}.pid`), `${child.pid}\n`);
}

/** The unpacked Debian programs find each other and their libraries; proxies of the machine are none of the lab's. */
function daemonEnvironment(programs: Programs): NodeJS.ProcessEnv {
  const library = (part: string) =>
    ['usr/lib', 'lib'].map((dir) => join(programs.debian, part, dir, 'x86_64-linux-gnu'));
  return {
    HOME: '/',
    PATH: [programs.kube, join(programs.debian, 'tools/usr/sbin'), '/usr/sbin:/usr/bin:/sbin:/bin'].join(':'),
    LD_LIBRARY_PATH: [...library('tools'), ...library('runc')].join(':'),
  };
}

/** Names and pids of the daemons that were started and not stopped. */
export async function daemonPids(lab: Lab): Promise<Map<string, number>> {
  const pids = new Map<string, number>();
  for (const file of await readdir(lab.folders.run).catch(() => [])) {
    if (!file.endsWith('.pid')) continue;
    pids.set(file.slice(0, -4), Number(await readFile(join(lab.folders.run, file), 'utf8')));
  }
  return pids;
}

/** Whether a process runs; a zombie does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return line !== undefined && !/\) [ZX] /.test(line);
}

/** All processes in a network namespace: the daemons, the shims, what somebody runs there by hand. */
export async function pidsInNetns(netns: string): Promise<number[]> {
  const namespace = await stat(`/run/netns/${netns}`).catch(() => undefined);
  if (!namespace) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const links = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')));
  return pids.filter((_, i) => links[i] === `net:[${namespace.ino}]`).map(Number);
}

/** Kills until `find` finds nobody: a dying parent may have started another child meanwhile. */
export async function killAll(find: () => Promise<number[]>): Promise<void> {
  await waitFor('the processes of the lab to end', async () => {
    const pids = (await find()).filter((pid) => pid !== process.pid);
    const living = (await Promise.all(pids.map(async (pid) => ((await isAlive(pid)) ? [pid] : [])))).flat();
    for (const pid of living) kill(pid);
    return living.length === 0;
  });
}

/** Polls until `condition` holds. The lab waits for programs that tell nobody when they are ready. */
export async function waitFor(what: string, condition: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new LabError('LAB_DEADLINE', `Waited ${timeoutMs / 1000} s for ${what}.`, {
        hint: 'Logs: npm run lab -- status names their folder.',
      });
    }
    await delay(30);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
