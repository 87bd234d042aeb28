// What `lab status` prints: logs and daemons, dead ones too, whatever state the lab is in; nodes and pods when it runs.

import { readFile } from 'node:fs/promises';
import { kubectl } from './api-client.ts';
import { isHealthy } from './cluster.ts';
import type { Lab } from './lab.ts';
import { daemonPids, isAlive } from './processes.ts';
import { labPrograms } from './programs.ts';

export async function describeStatus(lab: Lab): Promise<string> {
  const daemons = await Promise.all([...(await daemonPids(lab))].map(([name, pid]) => describeDaemon(name, pid)));
  const heading = `lab ${lab.name}, logs in ${lab.folders.log}`;
  const objects = (await isHealthy(lab))
    ? await kubectl(lab, await labPrograms(), ['get', 'nodes,pods', '-A', '-o', 'wide'])
    : 'It does not run: npm run lab -- start\n';
  return [heading, ...daemons, '', objects].join('\n');
}

async function describeDaemon(name: string, pid: number): Promise<string> {
  const state = (await isAlive(pid)) ? `${await residentMiB(pid)} MiB` : 'dead';
  return `  ${name.padEnd(26)} pid ${String(pid).padEnd(8)} ${state}`;
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(status.match(/^VmRSS:\s*(\d+)/m)?.[1] ?? 0) / 1024);
}
