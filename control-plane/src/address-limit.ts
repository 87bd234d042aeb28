// How many connections each source has now, so that one pod can't take the places that are meant for all.

export type AddressLimit = {
  /** False when the source has all it may have. */
  take(source: string): boolean;
  giveBack(source: string): void;
};

export function createAddressLimit(maxPerSource: number): AddressLimit {
  const taken = new Map<string, number>();
  return {
    take(source) {
      const count = taken.get(source) ?? 0;
      if (count >= maxPerSource) return false;
      taken.set(source, count + 1);
      return true;
    },
    giveBack(source) {
      const count = taken.get(source) ?? 0;
      if (count > 1) taken.set(source, count - 1);
      else taken.delete(source);
    },
  };
}
