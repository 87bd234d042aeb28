// The bundled plugin works like the sources: every part that is loaded only sometimes is there.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { stringify } from 'yaml';
import { bundle } from '../../../kubectl-tp/bundle.ts';
import { NAMESPACE_PROCESS_WORD } from '../../../kubectl-tp/src/ipc/words.ts';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import type { FromInside, ToInside } from '../../../kubectl-tp/src/network/rootless/messages.ts';
import { namespaceFlags } from '../../../kubectl-tp/src/network/rootless/unshare.ts';
import { runToEnd } from '../../helpers/processes.ts';
import { buildKubeconfig, refusal, startScriptedApi } from '../../helpers/scripted-api.ts';

const SOURCES = new URL('../../../kubectl-tp/src/main.ts', import.meta.url).pathname;

test('the bundle, through a link as krew makes it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-bundle-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await bundle(join(folder, 'dist'));
  const link = join(folder, 'plugin');
  await symlink(join(folder, 'dist', 'kubectl-tp'), link);
  await symlink(join('dist', 'kubectl-tp'), join(folder, 'relative'));
  const api = await startScriptedApi(t, {
    'GET /version': { status: 200, body: { major: '1', minor: '33', gitVersion: 'v1.33.0' } },
    'GET /api/v1/namespaces/shop/services/orders': refusal(404, 'NotFound', 'no', { name: 'orders' }),
    'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews': {
      status: 201,
      body: { status: { allowed: false } },
    },
  });
  const kubeconfig = join(folder, 'nowhere');
  await writeFile(kubeconfig, JSON.stringify(buildKubeconfig('https://127.0.0.1:1')));
  const env = { HOME: folder, XDG_RUNTIME_DIR: folder, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const run = (...words: string[]) => runToEnd([link, ...words], { env });

  const runSources = (...words: string[]) => promisify(execFile)(process.execPath, [SOURCES, ...words], { env });

  t.regex((await run('version')).stdout, /plugin/);
  for (const [cwd, path] of [
    ['/', join(folder, 'relative')],
    [folder, 'dist/kubectl-tp'],
  ] as const) {
    t.regex((await promisify(execFile)(path, ['version'], { env, cwd })).stdout, /plugin/, path);
  }
  // Column widths are not measured as in the sources.
  for (const words of [['--help'], ['intercept', '--help']]) {
    t.is((await run(...words)).stdout, (await runSources(...words)).stdout);
  }
  t.regex((await run('list', '--kubeconfig', kubeconfig)).stderr, /CLUSTER_UNREACHABLE/);
  // Through the session process.
  t.regex((await run('intercept', 'orders', '--kubeconfig', api.kubeconfig)).stderr, /NAMESPACE_NOT_FOUND/);
  // With the manifests.
  t.regex((await run('install', '--no-helm', '--kubeconfig', api.kubeconfig)).stderr, /customresourcedefinitions/);
});

test('a command that only asks its session process loads next to nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-bundle-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await bundle(join(folder, 'dist'));
  const kubeconfig = join(folder, 'config');
  await writeFile(kubeconfig, stringify(buildKubeconfig('https://127.0.0.1:1')));
  const look = join(folder, 'look.cjs');
  await writeFile(look, `process.on('exit', () => console.log(JSON.stringify(process.moduleLoadList)));`);
  const words = ['leave', 'orders', '-n', 'shop', '--kubeconfig', kubeconfig];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--require', look, '--', join(folder, 'dist/main.mjs'), ...words],
    { env: { HOME: folder, XDG_RUNTIME_DIR: folder, PATH: process.env.PATH } },
  );
  const [said, loaded] = stdout.trimEnd().split('\n');
  t.regex(said ?? '', /no intercept orders/);
  const modules = new Set((JSON.parse(loaded ?? '[]') as string[]).map((name) => name.replace('NativeModule ', '')));
  t.true(modules.has('net'));
  const heavy = ['assert', 'crypto', 'fs/promises', 'http', 'https', 'tls', 'worker_threads', 'zlib'];
  t.deepEqual(
    heavy.filter((name) => modules.has(name)),
    [],
  );
});

test('the bundle can be the process inside of a namespace', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-bundle-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await bundle(folder);
  const inside = [process.execPath, '--', join(folder, 'main.mjs'), NAMESPACE_PROCESS_WORD];
  const child = spawn('unshare', [...namespaceFlags(), '--', ...inside], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  child.send({ kind: 'setup', addresses: OWN_ADDRESSES, resolvConf: '' } satisfies ToInside);
  const [answer] = (await once(child, 'message')) as [FromInside];
  t.is(answer.kind, 'ready', JSON.stringify(answer));
});
