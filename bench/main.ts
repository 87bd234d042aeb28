// `npm run bench [-- NAME...]`: runs the benchmarks one after another, all of them or the named ones. Results that are
// worth keeping go to docs/performance.md by hand.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { argv, execPath, exit } from 'node:process';
import { fileURLToPath } from 'node:url';

/** Each with the flags of the process that it measures. Those that need no cluster first. */
const BENCHES = new Map<string, readonly string[]>([
  ['translate', []],
  ['cluster-state', ['--expose-gc']],
  ['xds-fanout', []],
  ['tunnel', []],
  ['dns', []],
  ['rootless-path', []],
  ['outbound', []],
  ['commands', []],
  ['whole-path', []],
]);

exit(await main(argv.slice(2)));

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !BENCHES.has(name));
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}". Benchmarks: ${[...BENCHES.keys()].join(', ')}`);
    return 2;
  }
  const failed: string[] = [];
  for (const name of names.length === 0 ? BENCHES.keys() : names) {
    console.log(`== ${name}`);
    if ((await runBench(name)) !== 0) failed.push(name);
  }
  if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

/** Its exit code. */
async function runBench(name: string): Promise<number> {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(execPath, [...(BENCHES.get(name) ?? []), file], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
