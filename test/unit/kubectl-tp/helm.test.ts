// What the plugin asks of the person's own helm, and which one that is.

import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test from 'ava';
import { buildConflictOptions, findHelm } from '../../../kubectl-tp/src/install/helm.ts';
import { buildKubeconfig } from '../../../kubectl-tp/src/kubernetes/build-kubeconfig.ts';
import { resolveConnection } from '../../../kubectl-tp/src/kubernetes/connection.ts';

test('only a helm that asks about conflicts is told what to do', (t) => {
  for (const version of ['v3.19.0+g3d8990f', '3.2.1']) t.deepEqual(buildConflictOptions(version), []);
  for (const version of ['v4.2.4', 'v4.0.0-rc.1', 'v10.0.0']) {
    t.deepEqual(buildConflictOptions(version), ['--server-side=true', '--force-conflicts']);
  }
});

test('helm acts as whom the flags name, in all that they say', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-helm-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  const user = { token: 'one', as: 'carl', 'as-groups': ['old'], 'as-uid': '1', 'as-user-extra': { team: ['old'] } };
  await writeFile(
    kubeconfig,
    JSON.stringify({
      'current-context': 'dev',
      contexts: [{ name: 'dev', context: { cluster: 'dev', user: 'ann' } }],
      clusters: [{ name: 'dev', cluster: { server: 'https://dev.test' } }],
      users: [{ name: 'ann', user }],
    }),
  );
  const readUser = async (flags: object) => {
    const built = buildKubeconfig(await resolveConnection({ kubeconfig, ...flags }, {}));
    return (JSON.parse(JSON.stringify(built)) as { users: { user: object }[] }).users[0]?.user;
  };
  t.deepEqual(await readUser({}), user);
  const flags = { as: 'bea', asGroup: ['devs', 'ops'], asUid: '7', asUserExtra: ['team=shop'] };
  const expected = { as: 'bea', 'as-groups': ['devs', 'ops'], 'as-uid': '7', 'as-user-extra': { team: ['shop'] } };
  t.deepEqual(await readUser(flags), { token: 'one', ...expected });
});

test('a folder of its name is not helm, nor is a file that may not be run', async (t) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tp-helm-')));
  t.teardown(() => rm(folder, { recursive: true }));
  const [charts = '', texts = '', programs = ''] = ['charts', 'texts', 'programs'].map((name) => join(folder, name));
  await mkdir(join(charts, 'helm'), { recursive: true });
  for (const [place, mode] of [
    [texts, 0o644],
    [programs, 0o755],
  ] as const) {
    await mkdir(place);
    await writeFile(join(place, 'helm'), '#!/bin/sh\n', { mode });
  }
  t.is(await findHelm({ PATH: [charts, texts].join(delimiter) }), undefined);
  t.is(await findHelm({ PATH: [charts, texts, programs].join(delimiter) }), join(programs, 'helm'));
});
