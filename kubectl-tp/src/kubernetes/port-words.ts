// How people name a port of a Service or container: by its name, by its number, or by the one that it leads to. Pure.

export function isTcp({ protocol = 'TCP' }: { readonly protocol?: string }): boolean {
  return protocol === 'TCP';
}

/** The likeliest first. */
export function wordsOfPort(name: string | undefined, ...others: readonly (string | number)[]): string[] {
  return [...(name === undefined ? [] : [name]), ...others.map(String)];
}

/** Names come first, so that a port named "80" is meant by 80. */
export function findByWord<P extends { readonly words: readonly string[] }>(
  ports: readonly P[],
  word: string,
): P | undefined {
  const rank = ({ words }: P) => words.indexOf(word);
  return ports.filter((port) => rank(port) >= 0).toSorted((a, b) => rank(a) - rank(b))[0];
}
