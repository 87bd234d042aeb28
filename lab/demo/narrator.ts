// Prints the demo's story, one line a fact, and remembers whether all of it was true.

export type Narrator = {
  /** A heading. */
  chapter(title: string): void;
  /** Something that happened; proves nothing by itself. */
  say(text: string): void;
  /** A claim with the evidence for it. */
  claim(text: string, isTrue: boolean, evidence: string): void;
  /** True if every claim so far was. */
  allTrue(): boolean;
};

export function createNarrator(out: NodeJS.WritableStream = process.stdout, startedAtMs = performance.now()): Narrator {
  let allTrue = true;
  const print = (line: string) => out.write(`${line}\n`);
  return {
    chapter: (title) => print(`\n[${((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(5)} s] ${title}`),
    say: (text) => print(`          ${text}`),
    claim(text, isTrue, evidence) {
      allTrue &&= isTrue;
      print(`  ${isTrue ? 'true ' : 'FALSE'}   ${text}: ${evidence}`);
    },
    allTrue: () => allTrue,
  };
}
