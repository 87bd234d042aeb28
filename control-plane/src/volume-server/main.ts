// The volume server's process, in an ephemeral container of somebody's pod: argument, signals, exit code.

import { writeFileSync } from 'node:fs';
import { parseConfig } from './config.ts';
import { startVolumeServer } from './server.ts';

/** A laptop that sleeps longer starts another one. */
const IDLE_MS = 60_000;

const ending = new AbortController();
// At once: the pod waits for all its containers.
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort());

try {
  giveWay();
  const config = parseConfig(process.argv[2]);
  const server = await startVolumeServer(config, { signal: ending.signal, idleMs: IDLE_MS });
  console.log(`serves ${config.exports.length} folders on port ${config.port}`);
  await server.ended;
  process.exit(0);
} catch (error) {
  console.error(`the volume server cannot run: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** Where the pod's memory ends, this process ends and not the application. */
function giveWay(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // not on this system: nothing that would help
  }
}
