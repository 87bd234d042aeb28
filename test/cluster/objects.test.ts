// Intercepts as objects: what kubectl's own verbs do with them, how ports come to their agent, and how agents go again.

import test, { type ExecutionContext } from 'ava';
import type { Pod } from '../../kubectl-tp/src/kubernetes/objects.ts';
import type { EchoAppOptions } from '../helpers/echo-app.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'objects';
const IN = ['-n', NAMESPACE];
const MINE = { 'x-dev': 'me' };
const SHORT = { connections: 'fresh', perSecond: 50, seconds: 1 } as const;

type Scene = { stage: Stage; person: Person; said: string; kubectl: (...args: string[]) => Promise<string> };

/** An application that is intercepted with x-dev=me. */
async function intercepted(
  t: ExecutionContext,
  app: Pick<EchoAppOptions, 'name' | 'target'>,
  prepare?: (stage: Stage) => Promise<unknown>,
): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await prepare?.(stage);
  await stage.deploy({ ...app, replicas: 2 });
  const person = await stage.person('admin');
  const laptop = await stage.laptopApp('laptop');
  const port = String(laptop.port);
  const said = await person.tpOk('intercept', app.name, ...IN, '--header', 'x-dev=me', '-p', port);
  return { stage, person, said, kubectl: (...args) => stage.cluster.kubectl([...IN, ...args]) };
}

test.serial('kubectl waits for an intercept, describes it, and ends it by deleting it', async (t) => {
  const { stage, person, kubectl } = await intercepted(t, { name: 'echo' });
  const name = await kubectl('get', 'intercepts.kubectl-tp.dev', '-o', 'name');
  t.regex(await kubectl('wait', '--for=condition=Ready', name.trim(), '--timeout=5s'), /condition met/);
  const described = await kubectl('describe', name.trim());
  for (const part of ['x-dev', 'Programmed', 'Ready', 'service', 'echo']) t.true(described.includes(part), part);
  t.regex(
    await kubectl('get', 'tpi'),
    /NAME +TARGET +MATCH +OWNER +READY +AGENTS +AGE\n.*service\/echo.*x-dev: me.*2\/2/,
  );

  t.deepEqual((await stage.load({ app: 'echo', headers: MINE, ...SHORT })).servedBy, { laptop: 50 });
  await kubectl('delete', name.trim());
  const deletedAt = performance.now();
  await waitFor('the pods have all requests', async () => {
    const { servedBy, failed } = await stage.load({ app: 'echo', headers: MINE, ...SHORT, perSecond: 20 });
    t.is(failed, 0);
    return servedBy.laptop === undefined;
  });
  t.log(
    `no request reached the laptop ${((performance.now() - deletedAt) / 1000).toFixed(1)} s later, 1 s of load included`,
  );
  await waitFor('the laptop knows', async () => (await person.status()).intercepts.length === 0);
  t.pass();
});

test.serial('calls over one HTTP/2 connection reach whom each is meant for', async (t) => {
  const { stage } = await intercepted(t, { name: 'echo' });
  const [mine, others] = await Promise.all([
    stage.load({ app: 'echo', headers: MINE, ...SHORT, connections: 'h2c' }),
    stage.load({ app: 'echo', ...SHORT, connections: 'h2c' }),
  ]);
  t.deepEqual(mine.servedBy, { laptop: 50 });
  t.is(others.failed, 0);
  t.is(others.servedBy.laptop, undefined);
});

test.serial('a numeric port is captured by nft rules, and the intercept says so', async (t) => {
  const privileged = ['label', 'namespace', NAMESPACE, '--overwrite', 'pod-security.kubernetes.io/enforce=privileged'];
  const { stage, said } = await intercepted(t, { name: 'numeric', target: 'number' }, ({ cluster }) =>
    cluster.kubectl(privileged),
  );
  t.regex(said, /captured +by nft rules/);
  t.deepEqual((await stage.load({ app: 'numeric', headers: MINE, ...SHORT })).servedBy, { laptop: 50 });
  const others = await stage.load({ app: 'numeric', ...SHORT });
  t.is(others.failed, 0);
  t.is(others.servedBy.laptop, undefined);
});

test.serial('uninstall --agent takes the agent out of one workload by a rollout', async (t) => {
  const { stage, person, kubectl } = await intercepted(t, { name: 'echo' });
  const refused = await person.tp('uninstall', '--agent', 'echo', ...IN);
  t.is(refused.code, 4, refused.stderr);
  await person.tpOk('leave', 'echo', ...IN);
  const bystanders = { app: 'echo', connections: 'fresh', perSecond: 50 } as const;
  const uninstall = () => person.tpOk('uninstall', '--agent', 'echo', ...IN);
  const [result] = await stage.loadDuring([bystanders], 20, uninstall);
  t.deepEqual(result?.failures, {});
  const { items } = JSON.parse(await kubectl('get', 'pods', '-l', 'app=echo', '-o', 'json')) as { items: Pod[] };
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  t.is(staying.length, 2);
  t.deepEqual(
    staying.flatMap(({ spec }) => spec.initContainers ?? []),
    [],
  );
});
