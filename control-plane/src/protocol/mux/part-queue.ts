// Data of a stream that has to wait for its reader. Small parts are copied together: kept as they came, each would hold
// on to the whole chunk it arrived in, and a thousand frames of one byte to a thousand objects.

const PAGE_BYTES = 16 << 10;

export type PartQueue = {
  readonly bytes: number;
  add(part: Buffer): void;
  /** The oldest bytes, as many as lie together. */
  take(): Buffer | undefined;
};

export function createPartQueue(): PartQueue {
  const parts: Buffer[] = [];
  let bytes = 0;
  /** The last of `parts` is the used beginning of this. */
  let page: Buffer | undefined;

  function addToPage(part: Buffer): void {
    const used = page === undefined ? 0 : (parts.pop()?.length ?? 0);
    page ??= Buffer.allocUnsafeSlow(PAGE_BYTES);
    const copied = part.copy(page, used);
    parts.push(page.subarray(0, used + copied));
    if (used + copied === PAGE_BYTES) page = undefined;
    if (copied < part.length) addToPage(part.subarray(copied));
  }

  return {
    get bytes() {
      return bytes;
    },
    add(part) {
      bytes += part.length;
      if (part.length < PAGE_BYTES) return addToPage(part);
      page = undefined;
      parts.push(part);
    },
    take() {
      const part = parts.shift();
      bytes -= part?.length ?? 0;
      if (parts.length === 0) page = undefined;
      return part;
    },
  };
}
