// `npm test`: runs the tests stage by stage, cheap ones first, and ends with one line that counts them all.
//   npm test -- unit envoy        only these stages
//   npm test -- --context kind    cluster tests on an existing cluster instead of the lab

import { existsSync } from 'node:fs';
import { exit } from 'node:process';
import { parseArgs } from 'node:util';
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

const STAGES: readonly Stage[] = [
  { name: 'unit', folders: ['test/unit', 'test/golden', 'test/property'] },
  { name: 'envoy', folders: ['test/envoy'], prepare: envoyPath },
  {
    name: 'cluster',
    folders: ['test/cluster'],
    prepare: () => Promise.all([labCluster(), helmPath()]),
    // One cluster, and few cores: tests that kill parts of it must not meet.
    flags: ['--serial', '--concurrency=1', '--timeout=10m'],
  },
  {
    name: 'endurance',
    folders: ['test/endurance'],
    prepare: () => Promise.all([labCluster(), helmPath()]),
    flags: ['--serial', '--concurrency=1', '--timeout=10m'],
    // Load that allows no failure needs a machine with nothing else to do.
    onlyByName: true,
  },
];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { context: { type: 'string' } } });
// The tests run in processes of their own, which read it from there.
if (values.context) process.env.TP_CONTEXT = values.context;
exit(await main(positionals));

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown) {
    console.error(`There is no stage "${unknown}". Stages: ${STAGES.map((stage) => stage.name).join(', ')}`);
    return 2;
  }
  let total = emptyTally;
  for (const stage of STAGES.filter(({ name, onlyByName }) =>
    names.length === 0 ? !onlyByName : names.includes(name),
  )) {
    total = addTally(total, await runStage(stage));
  }
  console.log(describeTally(total));
  return total.failed === 0 ? 0 : 1;
}

/** A stage that cannot start, or runs no test, has failed. */
async function runStage(stage: Stage): Promise<Tally> {
  const begin = performance.now();
  const tally = await prepareAndRun(stage);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${stage.name}: ${tally.passed} of ${tally.passed + tally.failed} tests passed in ${seconds} s`);
  return tally;
}

async function prepareAndRun({ name, folders, prepare, flags = [] }: Stage): Promise<Tally> {
  const globs = folders.filter((folder) => existsSync(folder)).map((folder) => `${folder}/**/*.test.ts`);
  try {
    await prepare?.();
    const tally = await runAva([...globs, ...flags]);
    if (tally.passed + tally.failed > 0) return tally;
    console.log(`not ok - stage ${name} ran no test`);
  } catch (error) {
    console.log(`not ok - stage ${name} could not run: ${error instanceof Error ? error.stack : error}`);
  }
  return { ...emptyTally, failed: 1 };
}
