// `npm run demo`, the first command of the README: every claim that it makes is true, and its last lines can be pasted.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { SHOP_NAMESPACE } from '../../lab/demo/shop-objects.ts';
import { CHECKOUT } from '../../lab/paths.ts';
import { labCluster } from '../helpers/lab.ts';
import { collectOutput, runToEnd } from '../helpers/processes.ts';
import { createPerson } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

const DEMO = fileURLToPath(new URL('../../lab/demo/main.ts', import.meta.url));
const TIMEOUT_MS = 300_000;

test.serial('the demo tells its story to the end, and all of it is true', async (t) => {
  const cluster = await labCluster();
  // The lab keeps its programs in the home folder of whoever started it; the session process is in the other one.
  const person = await createPerson(cluster, 'admin', { variables: { HOME: process.env.HOME } });
  t.teardown(async () => {
    await person.leave();
    await cluster.kubectl(['delete', 'namespace', SHOP_NAMESPACE, '--ignore-not-found']);
  });
  const { code, stdout, stderr } = await runToEnd([process.execPath, DEMO], { env: person.env, timeoutMs: TIMEOUT_MS });
  t.is(code, 0, `${stdout}\n${stderr}`);
  t.is(stdout.match(/^ {2}true /gm)?.length, 7);
  t.notRegex(stdout, /FALSE/);

  const [enter, intercept, enterAgain, connect] = linesToPaste(stdout);
  const shell = (...lines: (string | undefined)[]) => ['bash', '-c', [`cd '${CHECKOUT}'`, ...lines].join('\n')];
  const [bash = '', ...script] = shell(enter, `exec ${intercept}`);
  const first = spawn(bash, script, { env: person.env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => first.kill('SIGKILL'));
  const { stdout: printed, ended } = collectOutput(first);
  await waitFor('my orders listens', () => printed().includes('orders listens on'));
  const second = await runToEnd(shell(enterAgain, connect), { env: person.env, timeoutMs: TIMEOUT_MS });
  t.regex(second.stdout, /"servedBy":"laptop /, second.stderr);
  first.kill('SIGINT');
  t.is((await ended).code, 130);
});

/** The indented lines after the story. */
function linesToPaste(stdout: string): string[] {
  const [, after = ''] = stdout.split('The cluster runs on.');
  return [...after.matchAll(/^ {12}(.+)$/gm)].map(([, line = '']) => line);
}
