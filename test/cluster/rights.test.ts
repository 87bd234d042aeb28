// Who may do what: plain RBAC decides, refusals name the missing right, and nobody acts for somebody else.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openStage } from '../helpers/stage.ts';

const NAMESPACE = 'team-a';
const INSTALL_NAMESPACE = 'kubectl-tp';

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test.serial('a viewer is refused, with the right that is missing', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const bob = await stage.person('bob');
  const laptop = await stage.laptopApp('laptop-bob');
  const { code, stderr } = await bob.tp(
    'intercept',
    'echo',
    '-n',
    NAMESPACE,
    '--header',
    'x-dev=bob',
    '--port',
    String(laptop.port),
  );
  t.is(code, 3, stderr);
  t.regex(stderr, /tp-user/);
  t.regex(stderr, /create|get/);
});

test.serial("nobody acts with somebody else's session", async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const [alice, carol] = [await stage.person('alice'), await stage.person('carol')];
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  const { kubectl } = stage.cluster;
  const as = { user: 'carol' } as const;
  const sessions = await kubectl(['-n', INSTALL_NAMESPACE, 'get', 'sessions.kubectl-tp.dev', '-o', 'json'], as);
  const session = (
    JSON.parse(sessions) as { items: { metadata: { name: string }; spec: { owner: string } }[] }
  ).items.find(({ spec }) => spec.owner === 'alice');
  t.truthy(session);
  const name = session?.metadata.name ?? '';

  const stolen = {
    apiVersion: 'kubectl-tp.dev/v1alpha1',
    kind: 'Intercept',
    metadata: { name: 'stolen', namespace: NAMESPACE },
    spec: {
      session: name,
      owner: 'alice',
      target: { kind: 'Service', name: 'echo' },
      match: { headers: [{ name: 'x-dev', value: 'carol' }] },
      laptop: { port: 3000 },
    },
  };
  await t.throwsAsync(kubectl(['create', '-f', '-'], { ...as, input: JSON.stringify(stolen) }), {
    message: /alice|belongs/,
  });
  await t.throwsAsync(kubectl(['-n', INSTALL_NAMESPACE, 'delete', 'sessions.kubectl-tp.dev', name], as), {
    message: /owner|alice|administer/,
  });
  const intercepts = await kubectl(['-n', NAMESPACE, 'get', 'intercepts.kubectl-tp.dev', '-o', 'name'], as);
  await t.throwsAsync(kubectl(['-n', NAMESPACE, 'delete', intercepts.trim().split('\n')[0] ?? ''], as), {
    message: /owner|alice|administer/,
  });

  t.notRegex(sessions, /PRIVATE KEY/);
  const keys = filesBelow(alice.env.HOME ?? '').filter((file) => readFileSync(file, 'utf8').includes('PRIVATE KEY'));
  t.is(keys.length, 1);
  for (const key of keys) t.is(statSync(key).mode & 0o077, 0, key);
  await carol.leave();
});

test.serial("an administrator ends anybody's intercept, and it ends on the laptop too", async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  await stage.cluster.kubectl(['-n', NAMESPACE, 'delete', 'intercepts.kubectl-tp.dev', '--all']);
  const { servedBy, failed } = await stage.load({
    app: 'echo',
    connections: 'fresh',
    perSecond: 20,
    seconds: 2,
    headers: { 'x-dev': 'alice' },
  });
  t.is(failed, 0);
  t.is(servedBy['laptop-alice'] ?? 0, 0);
  t.deepEqual((await alice.status()).intercepts, []);
});
