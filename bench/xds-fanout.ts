// How fast does a change reach every agent, and what does an agent cost the server? As in the cluster: bundled as the
// image is, with the flag that the chart gives the control plane. Run: node bench/xds-fanout.ts

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePrograms } from '../control-plane/bundle.ts';

const PROGRAMS = { server: 'bench/xds-fanout/server.ts', agents: 'bench/xds-fanout/agents.ts' };

const folder = await mkdtemp(join(tmpdir(), 'tp-bench-'));
try {
  await bundlePrograms(folder, PROGRAMS, { target: 'node24' });
  const server = spawn(process.execPath, ['--max-semi-space-size=4', join(folder, 'server.mjs')], { stdio: 'inherit' });
  [process.exitCode] = await once(server, 'close');
} finally {
  await rm(folder, { recursive: true });
}
