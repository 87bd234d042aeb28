// A command of another version of the plugin: the session process that it starts goes on with what the one before had,
// which is in the cluster and in the identity's file, and no more in either process.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SESSION_LABEL } from '../../../control-plane/src/api/index.ts';
import { bundle } from '../../../kubectl-tp/bundle.ts';
import { createSessionFolder, sessionFiles } from '../../../kubectl-tp/src/ipc/paths.ts';
import type { SessionReport } from '../../../kubectl-tp/src/ipc/report-messages.ts';
import { resolveConnection } from '../../../kubectl-tp/src/kubernetes/connection.ts';
import { createIdentity, saveIdentity } from '../../../kubectl-tp/src/session/identity.ts';
import { VERSION } from '../../../kubectl-tp/src/version.ts';
import { startFakeApi } from '../../helpers/fake-api.ts';
import { runToEnd } from '../../helpers/processes.ts';
import { createTestCertificate } from '../../helpers/test-certificate.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const GROUP = '/apis/kubectl-tp.dev/v1alpha1/namespaces';
const SESSIONS = `${GROUP}/kubectl-tp/sessions`;
const INTERCEPTS = `${GROUP}/shop/intercepts`;
const OLD_VERSION = '0.0.1';

/** Two bundles that differ in nothing but their version. */
async function createBundles(t: ExecutionContext): Promise<{ older: string; newer: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-versions-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const [older, newer] = [join(folder, 'older'), join(folder, 'newer')];
  await bundle(newer);
  await cp(newer, older, { recursive: true });
  for (const file of await readdir(older)) {
    if (!file.endsWith('.mjs')) continue;
    const text = await readFile(join(older, file), 'utf8');
    await writeFile(join(older, file), text.replaceAll(`"${VERSION}"`, `"${OLD_VERSION}"`));
  }
  return { older: join(older, 'kubectl-tp'), newer: join(newer, 'kubectl-tp'), folder };
}

test('what a process of another version served is served by the one that takes its place', async (t) => {
  const { older, newer, folder } = await createBundles(t);
  const api = await startFakeApi();
  t.teardown(api.close);
  const kubeconfig = join(folder, 'config');
  await writeFile(kubeconfig, api.kubeConfig.exportConfig());
  const env = { PATH: process.env.PATH, HOME: folder, XDG_RUNTIME_DIR: folder, KUBECONFIG: kubeconfig };

  // As `intercept` without a command leaves it.
  const identity = { ...createIdentity(), namespaces: ['shop'], ports: { 'uid-orders': 8080 } };
  const files = sessionFiles(await resolveConnection({}, env), env);
  createSessionFolder(env);
  await saveIdentity(files.identity, identity);
  const { certificateChain } = await createTestCertificate('localhost');
  const { session, publicKey } = identity;
  api.put(SESSIONS, {
    metadata: { name: session, namespace: 'kubectl-tp', uid: 'uid-session' },
    spec: { publicKey },
    status: { certificate: certificateChain, authority: certificateChain },
  } as never);
  api.put(INTERCEPTS, {
    metadata: { name: 'orders-me', namespace: 'shop', uid: 'uid-orders', labels: { [SESSION_LABEL]: session } },
    spec: {
      session,
      target: { kind: 'Service', name: 'orders', port: '80' },
      match: { headers: [{ name: 'x-dev', value: 'me' }] },
      fallback: 'Pod',
    },
  } as never);

  const report = async (plugin: string): Promise<SessionReport> => {
    const { stdout, stderr } = await runToEnd([plugin, 'status', '-o', 'json'], { env, timeoutMs: 60_000 });
    t.regex(stdout, /^\{/, stderr);
    return JSON.parse(stdout);
  };
  const before = await report(older);
  t.teardown(() => endProcess(before.pid));
  const after = await report(newer);
  t.teardown(() => endProcess(after.pid));

  t.deepEqual([before.version, after.version], [OLD_VERSION, VERSION]);
  t.not(after.pid, before.pid);
  await waitFor('the old process has ended', () => !isRunning(before.pid));
  for (const { session: one, intercepts } of [before, after]) {
    t.is(one?.name, session);
    t.like(intercepts, { length: 1, 0: { name: 'orders-me', namespace: 'shop', laptopPort: 8080 } });
  }
  t.truthy(api.find(SESSIONS, session));
  t.truthy(api.find(INTERCEPTS, 'orders-me'));
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function endProcess(pid: number): void {
  if (isRunning(pid)) process.kill(pid, 'SIGKILL');
}
