// The control plane's process: configuration, API server, end.

import { parseConfig } from './config.ts';
import { createKubernetesClient, loadKubeConfig } from './kubernetes/index.ts';
import { createLogger, useSmallSlabs } from './process/index.ts';
import { run } from './run.ts';

async function main(): Promise<void> {
  useSmallSlabs();
  const config = parseConfig(process.env);
  const log = createLogger(config.logLevel);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  const client = createKubernetesClient(await loadKubeConfig());
  await run(config, { client, log, signal: stop.signal });
}

try {
  await main();
} catch (err) {
  createLogger('info').fatal({ err }, 'the control plane cannot go on');
  process.exitCode = 1;
}
