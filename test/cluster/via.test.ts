// `connect --via`: connections leave from the pods of a workload, so whoever they reach sees one of those. The pods get
// their agents by a rollout of their own, like those of intercepts.

import test, { type ExecutionContext } from 'ava';
import { APP_PORT } from '../helpers/echo-app.ts';
import { ROUTER } from '../helpers/laptop-namespace.ts';
import { createLaptopPerson } from '../helpers/laptop-person.ts';
import { createOrdinaryPerson, type OrdinaryPerson } from '../helpers/ordinary-person.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'team-a';
const IN = ['-n', NAMESPACE];
const CURL = 'curl -sS --fail --max-time 20';

type Scene = {
  readonly stage: Stage;
  readonly alice: OrdinaryPerson;
  /** Runs a script that leaves by the pods of `web`. */
  readonly viaWeb: (script: string) => Promise<string>;
  readonly webAddresses: () => Promise<string[]>;
};

type PodJson = { metadata: { deletionTimestamp?: string }; status: { podIP?: string } };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'web', replicas: 2 });
  await stage.deploy({ name: 'guarded', replicas: 1 });
  const alice = await createOrdinaryPerson(t, stage.cluster, 'alice');
  return {
    stage,
    alice,
    viaWeb: (script) => alice.tpOk('connect', '-q', ...IN, '--via', 'deployment/web', '--', 'bash', '-euc', script),
    webAddresses: async () => {
      const json = await stage.cluster.kubectl([...IN, 'get', 'pods', '-l', 'app=web', '-o', 'json']);
      const { items } = JSON.parse(json) as { items: PodJson[] };
      const standing = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return standing.flatMap(({ status }) => status.podIP ?? []).toSorted();
    },
  };
}

test.serial('what is guarded sees the pods of the workload, which get their agents for it', async (t) => {
  const { stage, alice, viaWeb, webAddresses } = await openScene(t);
  const before = await webAddresses();
  const script = `for n in $(seq 20); do ${CURL} http://guarded/; echo; done`;
  const seen = sourcesOf(await viaWeb(script));
  const after = await webAddresses();
  t.notDeepEqual(after, before, 'the pods had no agent');
  t.deepEqual(seen, after, 'both pods, and nobody else');
  const direct = sourcesOf(await alice.tpOk('connect', '-q', ...IN, '--', 'bash', '-euc', `${CURL} http://guarded/`));
  t.false(after.includes(direct[0] ?? ''), 'without --via it comes from a relay');
  t.is(await stage.cluster.kubectl([...IN, 'get', 'intercepts.kubectl-tp.dev', '-o', 'name']), '', 'nothing is left');
});

test.serial('20 MB each way, and to the end where the server closes first', async (t) => {
  const { viaWeb } = await openScene(t);
  const said = await viaWeb(`
    cd $(mktemp -d); head -c 20000000 /dev/urandom > in
    sha256sum < in | cut -d' ' -f1
    ${CURL} --data-binary @in http://guarded/; echo
    ${CURL} --http1.0 'http://guarded/?bytes=20000000' | wc -c
    exec 3<>/dev/tcp/guarded/80; printf 'GET /?bytes=20000000 HTTP/1.0\\r\\n\\r\\n' >&3; sed '1,/^\\r$/d' <&3 | wc -c`);
  const [hash = '', answer = '', first, second] = said.trim().split('\n');
  t.like(JSON.parse(answer), { bytes: 20_000_000, sha256: hash });
  t.deepEqual([first, second].map(Number), [20_000_000, 20_000_000]);
});

test.serial('datagrams, small ones and large ones', async (t) => {
  const { stage, viaWeb, webAddresses } = await openScene(t);
  const ports = [{ name: 'datagrams', protocol: 'UDP', port: 5300, targetPort: APP_PORT }];
  const metadata = { name: 'guarded-datagrams', namespace: NAMESPACE };
  await stage.cluster.apply([
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'guarded' }, ports } },
  ]);
  t.teardown(() => stage.cluster.kubectl([...IN, 'delete', 'service', metadata.name]));
  const said = await viaWeb(`python3 -c '
import socket
for size in [0, 1, 1200, 9000] * 5:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect(("${metadata.name}", 5300))
        s.send(b"x" * size)
        print(s.recv(65535).decode())'`);
  t.deepEqual(sourcesOf(said), await webAddresses());
  t.deepEqual(
    [...said.matchAll(/"bytes":(\d+)/g)].map(([, bytes]) => Number(bytes)),
    Array.from({ length: 5 }, () => [0, 1, 1200, 9000]).flat(),
  );
});

test.serial('refusals are what a pod would get', async (t) => {
  const { viaWeb } = await openScene(t);
  const connect = (port: number) =>
    `python3 -c 'import socket; socket.create_connection(("guarded", ${port}), 15)' 2>&1 | tail -1`;
  t.regex(await viaWeb(`${connect(81)}; getent hosts nosuch || echo no such name`), /Connection refused[\s\S]*no such/);
});

test.serial('by proxy and by Service, and a pod that ends hands over to the other', async (t) => {
  const { stage, alice, webAddresses } = await openScene(t);
  const script = `while true; do ${CURL} http://guarded/ && echo; sleep 0.1; done`;
  const running = alice.start('connect', '--proxy', ...IN, '--via', 'web', '--', 'bash', '-uc', script);
  t.teardown(() => running.process.kill('SIGTERM'));
  await waitFor('some answers', () => running.stdout().split('\n').length > 10, 90_000);
  const [ending = ''] = await webAddresses();
  const pods = await stage.cluster.kubectl([
    ...[...IN, 'get', 'pods', '-l', 'app=web'],
    ...['-o', `jsonpath={.items[?(@.status.podIP=="${ending}")].metadata.name}`],
  ]);
  await stage.cluster.kubectl([...IN, 'delete', 'pod', pods.trim(), '--now']);
  const from = running.stdout().length;
  await waitFor('answers through others', () => running.stdout().slice(from).split('\n').length > 30, 60_000);
  const seen = sourcesOf(running.stdout().slice(from).split('\n').slice(-20).join('\n'));
  t.false(seen.includes(ending));
  const addresses = await webAddresses();
  t.true(
    seen.every((source) => addresses.includes(source)),
    `${seen} of ${addresses}`,
  );
  const { networks } = await alice.status();
  t.deepEqual(
    networks.map(({ via }) => via),
    ['web'],
  );
});

test.serial('the whole laptop, also to a range that the laptop has already', async (t) => {
  const { stage, webAddresses } = await openScene(t);
  const alice = await createLaptopPerson(t, stage.cluster, 'alice');
  const { kubectl } = stage.cluster;
  const address = await kubectl([...IN, 'get', 'service', 'guarded', '-o', 'jsonpath={.spec.clusterIP}']);
  await alice.run('ip', 'route', 'add', address.trim().replace(/\.\d+$/, '.0/24'), 'via', ROUTER);
  t.regex(
    await alice.typeOk('kubectl tp connect -n team-a --via deployment/web'),
    /leave from pods of [\s\S]* as 198\.18\./,
  );
  const seen = sourcesOf(await alice.typeOk(`for n in $(seq 20); do ${CURL} http://guarded/; echo; done`));
  t.deepEqual(seen, await webAddresses());
  t.regex(await alice.typeOk('getent ahostsv4 guarded'), /^198\.18\./);
});

test.serial('an exit that is taken away ends the command', async (t) => {
  const { stage, alice } = await openScene(t);
  const running = alice.start('connect', ...IN, '--via', 'deployment/web', '--', 'sh', '-c', 'echo runs; sleep 300');
  t.teardown(() => running.process.kill('SIGTERM'));
  const { kubectl } = stage.cluster;
  const exits = () => kubectl([...IN, 'get', 'intercepts.kubectl-tp.dev', '-o', 'name']);
  await waitFor('the command runs', () => running.stdout().includes('runs'), 90_000);
  t.regex(await exits(), /web-/);
  await kubectl([...IN, 'delete', 'intercepts.kubectl-tp.dev', '--all']);
  const { stderr } = await running.ended;
  t.regex(stderr, / has ended: by kubectl tp leave/);
});

test.serial('unknown workloads, and people who may not intercept, are told so', async (t) => {
  const { stage, alice } = await openScene(t);
  const unknown = await alice.tp('connect', ...IN, '--via', 'deployment/nosuch', '--', 'true');
  t.is(unknown.code, 4, unknown.stderr);
  t.regex(unknown.stderr, /no Deployment nosuch/);
  const bob = await createOrdinaryPerson(t, stage.cluster, 'bob');
  const refused = await bob.tp('connect', ...IN, '--via', 'deployment/web', '--', 'true');
  t.is(refused.code, 3, refused.stderr);
  t.regex(refused.stderr, /may not create[\s\S]*tp-user/);
});

/** The addresses that the echo saw, each once. */
function sourcesOf(output: string): string[] {
  const found = [...output.matchAll(/"from":"(?:::ffff:)?([^"]+)"/g)].map(([, source = '']) => source);
  return [...new Set(found)].toSorted();
}
