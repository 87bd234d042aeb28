// Waits for what a connection begins with and leaves the rest of the connection as if nothing had been read.

import type { Duplex } from 'node:stream';

export type PrefixLimits = {
  /** Who takes longer only holds resources. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
};

/** What a parser says of the bytes so far; `bytes` is how long the prefix is, the rest goes back into the stream. */
export type PrefixResult<T> = { readonly value: T; readonly bytes: number } | 'incomplete' | 'invalid';

/**
 * Resolves with the prefix; the stream has all bytes behind it then, and flows as soon as somebody listens. Resolves with
 * undefined when what came is none, is too long, or took too long: the caller should reset the connection.
 */
export function readPrefix<T>(
  stream: Duplex,
  parse: (bytes: Buffer) => PrefixResult<T>,
  { timeoutMs, maxBytes }: PrefixLimits,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    let seen: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    const giveUp = () => finish(undefined);

    // Not by `data` and `pause`: a stream that was paused once does not flow by itself for whoever comes next.
    function onReadable(): void {
      const chunk: Buffer | null = stream.read();
      if (chunk === null) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const result = parse(seen);
      if (result === 'incomplete' && seen.length <= maxBytes) return;
      finish(typeof result === 'string' ? undefined : result);
    }

    function finish(result: { value: T; bytes: number } | undefined): void {
      clearTimeout(timer);
      stream.off('readable', onReadable).off('end', giveUp).off('error', giveUp).off('close', giveUp);
      if (result !== undefined && result.bytes < seen.length) stream.unshift(seen.subarray(result.bytes));
      resolve(result?.value);
    }

    stream.on('readable', onReadable).on('end', giveUp).on('error', giveUp).on('close', giveUp);
  });
}
