// Waits for somebody to say that it is enough.

import { once } from 'node:events';

/** Resolves when the signal is aborted, or at once when it was before. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
