// A bounded place for connections that have yet to show what they are. When it is full the one that has waited longest
// makes room: who means it is through in milliseconds, so those that only hold a place go first.

export type WaitingRoom<T> = {
  enter(item: T): void;
  leave(item: T): void;
  readonly size: number;
};

/** `turnOut` is called for an item that has to go; it has left by then. */
export function createWaitingRoom<T>(maxItems: number, turnOut: (item: T) => void): WaitingRoom<T> {
  const waiting = new Set<T>(); // in the order of their coming
  return {
    enter(item) {
      const [longest] = waiting.size < maxItems ? [] : waiting;
      if (longest !== undefined) {
        waiting.delete(longest);
        turnOut(longest);
      }
      waiting.add(item);
    },
    leave: (item) => void waiting.delete(item),
    get size() {
      return waiting.size;
    },
  };
}
