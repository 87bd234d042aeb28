// Finds and signals processes of the lab: those in its pods, and its API server. Only the lab's own: a pod's process is
// known by the pod's name in its environment, a daemon by the pid that the lab wrote down.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentLab } from '../../lab/lab.ts';

/** Pid of the process in the pod `pod` whose command line has `script`. */
export function findPodProcess(pod: string, script: string): number {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const commandLine = readProc(entry, 'cmdline');
    if (commandLine.includes(script) && readProc(entry, 'environ').split('\0').includes(`POD_NAME=${pod}`))
      return Number(entry);
  }
  throw new Error(`no process of pod ${pod} runs ${script}`);
}

/** Pid of one of the lab's daemons, such as `kube-apiserver`. */
export function labDaemon(name: string): number {
  return Number(readFileSync(join(currentLab().folders.run, `${name}.pid`), 'utf8'));
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    // The process has ended between the listing and here.
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}
