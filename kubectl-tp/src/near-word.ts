// Which word somebody meant who mistyped it. yargs says so of commands only, and of flags nothing. Pure.

/** The candidate nearest to the word, the first of several; undefined if none is near. */
export function findNearWord(word: string, candidates: readonly string[]): string | undefined {
  // One slip in three letters: with more, any short word is near to any other.
  const limit = Math.ceil(word.length / 3);
  const [nearest] = candidates
    .map((candidate) => ({ candidate, slips: countSlips(word, candidate) }))
    .filter(({ slips }) => slips <= limit)
    .toSorted((a, b) => a.slips - b.slips);
  return nearest?.candidate;
}

/** Letters to add, drop or change (Levenshtein), one row of the table at a time. */
function countSlips(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [done, letter] of [...from].entries()) {
    const next = [done + 1];
    for (let at = 1; at <= to.length; at++) {
      const [left = 0, above = 0, diagonal = 0] = [next[at - 1], row[at], row[at - 1]];
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === to[at - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
