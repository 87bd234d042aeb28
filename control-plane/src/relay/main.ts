// The relay's process: environment, API server, signals, exit code.

import { pino } from 'pino';
import { createKubernetesClient, loadKubeConfig } from '../kubernetes/index.ts';
import { parseConfig } from './config.ts';
import { startRelay } from './run.ts';

const log = pino({ name: 'tp-relay', level: process.env.TP_LOG_LEVEL ?? 'info' });
const ending = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort());

try {
  const config = parseConfig(process.env);
  const client = createKubernetesClient(await loadKubeConfig());
  const relay = await startRelay(config, { client, log, signal: ending.signal });
  await relay.done;
} catch (err) {
  log.fatal({ err }, 'relay cannot run');
  process.exitCode = 1;
}
