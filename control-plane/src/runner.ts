// Long-running parts of a process. They start together; when one fails or the signal comes, all end.

export type Runner = {
  readonly name: string;
  /** Resolves after the signal, when the part has ended cleanly. */
  run(signal: AbortSignal): Promise<void>;
};

/** Rejects with the error of the first runner that failed; runs that ended by the signal resolve. */
export async function runAll(runners: readonly Runner[], signal: AbortSignal): Promise<void> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const ends = runners.map(async (runner) => {
    try {
      await runner.run(either);
      // Until the signal comes there is work for every runner.
      if (!either.aborted) throw new Error(`${runner.name} ended by itself`);
    } catch (error) {
      failure.abort();
      throw error;
    }
  });
  const results = await Promise.allSettled(ends);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
