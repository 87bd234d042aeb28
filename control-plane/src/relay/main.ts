// The relay's process: environment, API server, signals, exit code.

import { createKubernetesClient, loadKubeConfig } from '../kubernetes/index.ts';
import { createLogger, useSmallSlabs } from '../process/index.ts';
import { parseConfig } from './config.ts';
import { startRelay } from './run.ts';

const ending = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort());

try {
  useSmallSlabs();
  const config = parseConfig(process.env);
  const log = createLogger(config.logLevel);
  const client = createKubernetesClient(await loadKubeConfig());
  const relay = await startRelay(config, { client, log, signal: ending.signal });
  await relay.done;
} catch (err) {
  createLogger('info').fatal({ err }, 'the relay cannot run');
  process.exitCode = 1;
}
