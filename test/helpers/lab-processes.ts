// Finds and signals processes of the lab: those in its pods, and its API server. Only the lab's own: a pod's process is
// known by the pod's name in its environment, a daemon by the pid that the lab wrote down.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentLab } from '../../lab/lab.ts';
import { processesWith, readProcess } from './processes.ts';

/** Pid of the process in the pod `pod` whose command line has `script`. */
export function findPodProcess(pod: string, script: string): number {
  const found = processesWith('POD_NAME', pod).find((pid) => readProcess(pid, 'cmdline').includes(script));
  if (found !== undefined) return found;
  throw new Error(`no process of pod ${pod} runs ${script}`);
}

/** Pid of one of the lab's daemons, such as `kube-apiserver`. */
export function labDaemon(name: string): number {
  return Number(readFileSync(join(currentLab().folders.run, `${name}.pid`), 'utf8'));
}
