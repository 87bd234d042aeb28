// One change of a thing after the other, while changes of other things go on; and changes of everything, alone.

export type Turns = {
  /** Settles as `change` does. */
  of<T>(id: string, change: () => Promise<T>): Promise<T>;
  /** After all that was asked for before; what is asked for later waits for it. */
  ofAll<T>(change: () => Promise<T>): Promise<T>;
};

export function createTurns(): Turns {
  /** The last of each thing that is not over. */
  const last = new Map<string, Promise<unknown>>();
  let lastOfAll: Promise<unknown> = Promise.resolve();
  return {
    of(id, change) {
      const changed = settled(last.get(id) ?? lastOfAll).then(change);
      last.set(id, changed);
      void settled(changed).then(() => {
        if (last.get(id) === changed) last.delete(id);
      });
      return changed;
    },
    ofAll(change) {
      const changed = settled(Promise.allSettled([lastOfAll, ...last.values()])).then(change);
      last.clear();
      lastOfAll = changed;
      return changed;
    },
  };
}

/** Whoever asked for it hears how it ended. */
function settled(turn: Promise<unknown>): Promise<void> {
  return turn.then(
    () => undefined,
    () => undefined,
  );
}
