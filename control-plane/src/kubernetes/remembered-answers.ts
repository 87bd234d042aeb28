// Answers that count for a while: equal questions are asked once, also while the answer is on its way.

export type RememberedAnswersOptions<T> = {
  readonly now: () => number;
  /** Made-up questions must not fill the memory. */
  readonly max: number;
  readonly keepMs: (answer: T) => number;
};

/** A question that fails is forgotten: it throws for all who wait, and the next one asks anew. */
export type RememberedAnswers<T> = (key: string, ask: () => Promise<T>) => Promise<T>;

type Entry<T> = { readonly answer: Promise<T>; untilMs: number };

export function createRememberedAnswers<T>(options: RememberedAnswersOptions<T>): RememberedAnswers<T> {
  const { now, max, keepMs } = options;
  const entries = new Map<string, Entry<T>>();

  function forgetOld(): void {
    for (const [key, { untilMs }] of entries) if (now() >= untilMs) entries.delete(key);
    if (entries.size >= max) entries.clear();
  }

  return (key, ask) => {
    const known = entries.get(key);
    if (known !== undefined && now() < known.untilMs) return known.answer;
    if (entries.size >= max) forgetOld();
    const entry: Entry<T> = { answer: ask(), untilMs: Number.POSITIVE_INFINITY };
    entries.set(key, entry);
    entry.answer.then(
      (answer) => {
        entry.untilMs = now() + keepMs(answer);
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key);
      },
    );
    return entry.answer;
  };
}
