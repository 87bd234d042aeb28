// Remembers what was made of equal input. Pods of one workload have nearly all of their resources in common, and a
// change concerns few of them, so most of what a round needs has been encoded before.

export type Memo<T> = (key: string, make: () => T) => T;

/** Holds at most twice `maxYoung` values: what has not been asked for during the last `maxYoung` new ones is let go. */
export function createMemo<T>(maxYoung: number): Memo<T> {
  let young = new Map<string, T>();
  let old = new Map<string, T>();

  return (key, make) => {
    const known = young.get(key);
    if (known !== undefined) return known;
    const value = old.get(key) ?? make();
    if (young.size >= maxYoung) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
    return value;
  };
}
