// `npm run demo`, the first command of the README: every claim that it makes is true.

import { fileURLToPath } from 'node:url';
import test from 'ava';
import { SHOP_NAMESPACE } from '../../lab/demo/shop-objects.ts';
import { labCluster } from '../helpers/lab.ts';
import { runToEnd } from '../helpers/processes.ts';
import { createPerson } from '../helpers/tp.ts';

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
});
