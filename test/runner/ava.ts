// Runs ava and counts its results; prints only what failed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { addTally, emptyTally, parseTapLine, type Tally } from './tally.ts';

const AVA = 'node_modules/ava/entrypoints/cli.js';

/** Ends early, with what there is, when `signal` says so. */
export async function runAva(args: readonly string[], signal: AbortSignal): Promise<Tally> {
  const child = spawn(process.execPath, [AVA, '--tap', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const end = () => child.kill();
  signal.addEventListener('abort', end);
  let tally = emptyTally;
  let printing = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const result = parseTapLine(line);
    if (result) {
      tally = addTally(tally, { ...emptyTally, [result]: 1 });
      printing = result === 'failed';
    }
    // The details of a failure are indented below it.
    if (printing || isMishap(line)) console.log(line);
  }
  const [code] = await closed;
  signal.removeEventListener('abort', end);
  if (code === 0 || tally.failed > 0 || signal.aborted) return tally;
  // No TAP result, but ava's exit code tells.
  console.log(
    `not ok - no test failed, but a test process crashed or did not end; which: node ${AVA} ${args.join(' ')}`,
  );
  return { ...tally, failed: 1 };
}

/** Comments are the titles of results, except for those about what went wrong outside of a test. */
function isMishap(line: string): boolean {
  return line.startsWith('#') && /exited|exception|rejection|timed out|find any files/i.test(line);
}
