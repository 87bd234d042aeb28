// What all streams of a process may hold together of data that waits for a reader or for the other side. Windows bound
// each stream, and thousands of streams at their bounds would be gigabytes.

export type MemoryBudget = {
  readonly isExceeded: boolean;
  /** More (or, negative, less) bytes are held now. */
  change(bytes: number): void;
};

export function createMemoryBudget(maxBytes: number): MemoryBudget {
  let heldBytes = 0;
  return {
    get isExceeded() {
      return heldBytes > maxBytes;
    },
    change(bytes) {
      heldBytes += bytes;
    },
  };
}
