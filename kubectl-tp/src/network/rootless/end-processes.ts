// Ends whatever still runs in this process's network namespace: also what has left the command's process group.

import { readdirSync, readlinkSync } from 'node:fs';

/** More than one round, for processes that were just started by those that end. */
const MAX_ROUNDS = 20;

export function endProcesses(signal: NodeJS.Signals): void {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const others = processesHere();
    for (const pid of others) kill(pid, signal);
    // A process may take its time over another signal than this one.
    if (others.length === 0 || signal !== 'SIGKILL') return;
  }
}

function processesHere(): number[] {
  const own = namespaceOf('self');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && namespaceOf(name) === own)
    .map(Number);
}

/** Undefined of processes that are gone, ending, or not ours to look at. */
function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone in the meantime
  }
}
