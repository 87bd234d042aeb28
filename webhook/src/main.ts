// Entry point of the webhook's process.

import { createLogger } from '@kubectl-tp/control-plane/process';
import { parseConfig } from './config.ts';
import { run } from './run.ts';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort());
try {
  const config = parseConfig(process.env);
  await run(config, { logger: createLogger(config.logLevel), signal: stop.signal });
} catch (err) {
  createLogger('info').fatal({ err }, 'the webhook cannot go on');
  process.exitCode = 1;
}
