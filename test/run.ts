// `npm test`: runs the tests stage by stage, cheap ones first, and ends with one line that counts them all.
//   npm test -- unit envoy        only these stages
//   npm test -- --context kind    cluster tests on an existing cluster instead of the lab

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { exit } from 'node:process';
import { parseArgs } from 'node:util';
import { databaseFolder, mountProgramsFolder, nameProgramsFolder } from '../lab/programs.ts';
import { labCluster } from './helpers/lab.ts';
import { envoyPath, helmPath } from './helpers/programs.ts';
import { runAva } from './runner/ava.ts';
import { addTally, describeTally, emptyTally, type Tally } from './runner/tally.ts';

type Stage = {
  readonly name: string;
  readonly folders: readonly string[];
  /** Makes what the tests need, so that it does not count against their time limits. */
  readonly prepare?: () => Promise<unknown>;
  readonly flags?: readonly string[];
  /** Not among the stages that run when none is named. */
  readonly onlyByName?: boolean;
};

/** The cluster, with this checkout's images in it, and the programs that people have on their laptops. */
const prepareCluster = () =>
  Promise.all([labCluster(), helmPath(), mountProgramsFolder(), nameProgramsFolder(), databaseFolder()]);

const STAGES: readonly Stage[] = [
  { name: 'unit', folders: ['test/unit', 'test/golden', 'test/property'], prepare: helmPath },
  { name: 'envoy', folders: ['test/envoy'], prepare: envoyPath },
  {
    name: 'cluster',
    folders: ['test/cluster'],
    prepare: prepareCluster,
    // One cluster, and few cores: tests that kill parts of it must not meet.
    flags: ['--serial', '--concurrency=1', '--timeout=10m'],
  },
  {
    name: 'endurance',
    folders: ['test/endurance'],
    prepare: prepareCluster,
    flags: ['--serial', '--concurrency=1', '--timeout=10m'],
    // Load that allows no failure needs a machine with nothing else to do.
    onlyByName: true,
  },
];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { context: { type: 'string' } } });
// The tests run in processes of their own, which read it from there.
if (values.context) process.env.TP_CONTEXT = values.context;
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
exit(await main(positionals, ending.signal));

async function main(names: readonly string[], signal: AbortSignal): Promise<number> {
  const unknown = names.find((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown) {
    console.error(`There is no stage "${unknown}". Stages: ${STAGES.map((stage) => stage.name).join(', ')}`);
    return 2;
  }
  let total = emptyTally;
  for (const stage of STAGES.filter(({ name, onlyByName }) =>
    names.length === 0 ? !onlyByName : names.includes(name),
  )) {
    if (!signal.aborted) total = addTally(total, await runStage(stage, signal));
  }
  console.log(describeTally(total));
  if (signal.aborted) return 128 + constants.signals.SIGTERM;
  return total.failed === 0 ? 0 : 1;
}

/** A stage that cannot start, or runs no test, has failed. */
async function runStage(stage: Stage, signal: AbortSignal): Promise<Tally> {
  const begin = performance.now();
  const tally = await prepareAndRun(stage, signal);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${stage.name}: ${tally.passed} of ${tally.passed + tally.failed} tests passed in ${seconds} s`);
  return tally;
}

async function prepareAndRun({ name, folders, prepare, flags = [] }: Stage, signal: AbortSignal): Promise<Tally> {
  const globs = folders.filter((folder) => existsSync(folder)).map((folder) => `${folder}/**/*.test.ts`);
  try {
    await Promise.race([prepare?.(), once(signal, 'abort')]);
    if (signal.aborted) return emptyTally;
    const tally = await runAva([...globs, ...flags], signal);
    if (tally.passed + tally.failed > 0 || signal.aborted) return tally;
    console.log(`not ok - stage ${name} ran no test`);
  } catch (error) {
    console.log(`not ok - stage ${name} could not run: ${error instanceof Error ? error.stack : error}`);
  }
  return { ...emptyTally, failed: 1 };
}
