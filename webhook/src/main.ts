// Entry point of the webhook's process.

import { pino } from 'pino';
import { parseConfig } from './config.ts';
import { run } from './run.ts';

const logger = pino({ name: 'webhook', level: process.env.TP_LOG_LEVEL ?? 'info' });
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort());
try {
  await run(parseConfig(process.env), { logger, signal: stop.signal });
} catch (error) {
  logger.fatal({ err: error }, 'webhook ends');
  process.exitCode = 1;
}
