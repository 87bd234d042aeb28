// Names of the cluster, asked from a laptop: every kind of record as a pod gets it, and many at once.

import test from 'ava';
import { APP_PORT, LOAD_POD } from '../helpers/echo-app.ts';
import { createOrdinaryPerson } from '../helpers/ordinary-person.ts';
import { openStage } from '../helpers/stage.ts';

const NAMESPACE = 'team-a';
const IN = ['-n', NAMESPACE];

/** Prints what each question is answered, sorted, as JSON. Runs in a pod and on the laptop alike. */
const ASK = `
const { Resolver } = require('dns').promises;
const resolver = new Resolver();
const ask = (name, type) => resolver.resolve(name, type).then(
  (found) => [found].flat().map((record) => JSON.stringify(record, Object.keys(record).sort())).sort(),
  ({ code }) => code);
(async () => {
  const answers = {};
  for (const [name, type] of JSON.parse(process.argv[1])) answers[type + ' ' + name] = await ask(name, type);
  console.log(JSON.stringify(answers));
})();`;

/** Looks up names of the cluster, short, long and wrong, so many at a time; prints how many answers were not as they should be. */
const MANY = `
const { Resolver } = require('dns').promises;
const resolver = new Resolver();
const [count, parallel, service] = JSON.parse(process.argv[1]);
const suffix = ['.team-a.svc.cluster.local', '.team-a.svc', '.team-a', '']
const good = async (name) => (await resolver.resolve4(name))[0] === service;
const missing = (name) => resolver.resolve4(name).then(() => false, ({ code }) => code === 'ENOTFOUND');
let next = 0; let wrong = 0;
const work = async () => {
  for (let at = next++; at < count; at = next++) {
    const isRight = await (at % 5 === 4 ? missing('no-' + (at % 40) + '.team-a.svc.cluster.local') : good('echo' + suffix[at % 5])).catch(() => false);
    if (!isRight) wrong++;
  }
};
Promise.all(Array.from({ length: parallel }, work)).then(() => console.log(JSON.stringify({ next: Math.min(next, count), wrong })));`;

test.serial('every kind of record is what a pod gets', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 2 });
  const alice = await createOrdinaryPerson(t, stage.cluster, 'alice');
  const { cluster } = stage;
  await cluster.apply([
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'headless', namespace: NAMESPACE },
      spec: { clusterIP: 'None', selector: { app: 'echo' }, ports: [{ name: 'http', port: APP_PORT }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'elsewhere', namespace: NAMESPACE },
      spec: { type: 'ExternalName', externalName: 'headless.team-a.svc.cluster.local' },
    },
  ]);
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'service', 'headless', 'elsewhere']));
  const address = (await cluster.kubectl([...IN, 'get', 'service', 'echo', '-o', 'jsonpath={.spec.clusterIP}'])).trim();
  const questions = [
    ['echo.team-a.svc.cluster.local', 'A'],
    ['echo.team-a.svc.cluster.local', 'AAAA'],
    ['headless.team-a.svc.cluster.local', 'A'],
    ['_http._tcp.headless.team-a.svc.cluster.local', 'SRV'],
    ['_http._tcp.echo.team-a.svc.cluster.local', 'SRV'],
    ['elsewhere.team-a.svc.cluster.local', 'CNAME'],
    ['elsewhere.team-a.svc.cluster.local', 'A'],
    [`${address.split('.').toReversed().join('.')}.in-addr.arpa`, 'PTR'],
    ['cluster.local', 'NS'],
    ['dns-version.cluster.local', 'TXT'],
    ['echo.team-a.svc.cluster.local', 'MX'],
    ['nosuch.team-a.svc.cluster.local', 'A'],
    ['echo.nosuch.svc.cluster.local', 'SRV'],
  ];
  const list = JSON.stringify(questions);
  const inPod = await cluster.kubectl([...IN, 'exec', LOAD_POD, '--', 'node', '-e', ASK, '--', list]);
  const onLaptop = await alice.tpOk('connect', ...IN, '--', process.execPath, '-e', ASK, '--', list);
  t.deepEqual(JSON.parse(onLaptop), JSON.parse(inPod));
  t.true(Object.values(JSON.parse(inPod) as object).filter(Array.isArray).length >= 8, inPod);
});

test.serial('10,000 mixed lookups, none is lost or wrong', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const alice = await createOrdinaryPerson(t, stage.cluster, 'alice');
  const { cluster } = stage;
  const address = (await cluster.kubectl([...IN, 'get', 'service', 'echo', '-o', 'jsonpath={.spec.clusterIP}'])).trim();
  const plan = JSON.stringify([10_000, 50, address]);
  const said = await alice.tpOk('connect', ...IN, '--', process.execPath, '-e', MANY, '--', plan);
  t.deepEqual(JSON.parse(said), { next: 10_000, wrong: 0 });
});
