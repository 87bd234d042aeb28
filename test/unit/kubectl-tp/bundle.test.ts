// The plugin as it is released: what works from the sources works from the bundle.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const BUNDLE = fileURLToPath(new URL('../../../kubectl-tp/bundle.ts', import.meta.url));
const run = promisify(execFile);

test('the bundle reads a kubeconfig in YAML and asks the API server with its credentials', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'tp-bundle-'));
  t.teardown(() => rm(home, { recursive: true }));
  const dist = join(home, 'dist');
  await run(process.execPath, [BUNDLE, dist]);
  const kubeconfig = join(home, 'config');
  await writeFile(
    kubeconfig,
    `current-context: dev
contexts: [{name: dev, context: {cluster: dev, user: ann}}]
clusters:
- name: dev
  cluster: {server: 'https://127.0.0.1:1'}
users: [{name: ann, user: {token: secret}}]
`,
  );
  const env = { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, KUBECONFIG: kubeconfig };
  const list = run(join(dist, 'kubectl-tp'), ['list'], { env });
  const { stderr } = (await t.throwsAsync(list)) as unknown as { stderr: string };
  t.regex(stderr, /\(CLUSTER_UNREACHABLE\)/);
});
