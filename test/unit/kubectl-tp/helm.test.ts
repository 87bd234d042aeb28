// What the plugin asks of the person's own helm, and which one that is.

import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test from 'ava';
import { buildConflictOptions, findHelm } from '../../../kubectl-tp/src/install/helm.ts';

test('only a helm that asks about conflicts is told what to do', (t) => {
  for (const version of ['v3.19.0+g3d8990f', '3.2.1']) t.deepEqual(buildConflictOptions(version), []);
  for (const version of ['v4.2.4', 'v4.0.0-rc.1', 'v10.0.0']) {
    t.deepEqual(buildConflictOptions(version), ['--server-side=true', '--force-conflicts']);
  }
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
