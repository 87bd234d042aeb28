// The process's logger: JSON lines, secrets redacted wherever they stand.

import { type DestinationStream, type Logger, pino } from 'pino';

/** At the top of a log line and one level down. */
const SECRET_FIELDS = ['token', 'privateKey', 'certificate', 'certificateChain', 'authorization', 'data'];

export function createLogger(level: string, destination?: DestinationStream): Logger {
  const paths = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]);
  return pino({ level, base: null, redact: { paths, censor: '[secret]' } }, destination);
}
