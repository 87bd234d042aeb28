// Joins two connections byte for byte, as if their far ends were connected directly: backpressure, half-close and reset
// pass through, and no reset ever looks like an orderly end. Knows nothing of what the connections are.

import type { Duplex } from 'node:stream';

/** One of two joined connections. */
export type SpliceEnd = {
  stream: Duplex;
  /** Breaks the connection so that its far end sees a reset. */
  reset(): void;
};

/** Returns at once; calls `onClosed` when both are closed, with whether both directions ended in good order. */
export function splice(left: SpliceEnd, right: SpliceEnd, onClosed?: (isWhole: boolean) => void): void {
  let open = 2;
  let isWhole = true;
  const onClose = (isOrderly: boolean) => {
    isWhole &&= isOrderly;
    open -= 1;
    if (open === 0) onClosed?.(isWhole);
  };
  forward(left, right, onClose);
  forward(right, left, onClose);
}

function forward(from: SpliceEnd, to: SpliceEnd, onClose: (isOrderly: boolean) => void): void {
  if (from.stream.destroyed) {
    to.reset();
    onClose(false);
    return;
  }
  from.stream.pipe(to.stream);
  from.stream.on('error', () => to.reset());
  from.stream.on('close', () => {
    const isOrderly = from.stream.readableEnded && from.stream.writableFinished && from.stream.errored === null;
    if (!isOrderly) to.reset();
    onClose(isOrderly);
  });
}
