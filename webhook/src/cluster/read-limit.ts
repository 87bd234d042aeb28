// Bounds what the webhook asks of the API server. Kubernetes does not say who calls a webhook, so that any pod may post
// reviews here: it gets answers that change nothing, and must not get the API server's time for them.

import { WebhookError } from '../errors.ts';

/** Runs `read` as soon as there is room. Throws READS_EXHAUSTED when too many wait, and the reason of the signal. */
export type ReadLimit = <T>(read: (signal: AbortSignal) => Promise<T>) => Promise<T>;

export type ReadLimitOptions = {
  readonly maxRunning: number;
  readonly maxWaiting: number;
  /** For waiting and reading together. */
  readonly timeoutMs: number;
};

export function createReadLimit({ maxRunning, maxWaiting, timeoutMs }: ReadLimitOptions): ReadLimit {
  let running = 0;
  const waiting: (() => void)[] = [];

  function enter(signal: AbortSignal): Promise<void> {
    if (running < maxRunning) {
      running += 1;
      return Promise.resolve();
    }
    if (waiting.length >= maxWaiting) throw buildExhausted(maxWaiting);
    return new Promise((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(start), 1);
        reject(signal.reason);
      };
      waiting.push(start);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** The next one takes the place. */
  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  return async (read) => {
    const signal = AbortSignal.timeout(timeoutMs);
    await enter(signal);
    try {
      return await read(signal);
    } finally {
      leave();
    }
  };
}

function buildExhausted(maxWaiting: number): WebhookError {
  return new WebhookError(
    'READS_EXHAUSTED',
    `More than ${maxWaiting} questions to the API server wait for an answer.`,
    {
      hint: 'Look for what posts so many reviews: tp_webhook_request_seconds_count in the metrics of the webhook.',
    },
  );
}
