// Names for completion: own intercepts come from the session process, which completion leaves as it is.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createAskNames } from '../../../kubectl-tp/src/commands/ask-names.ts';
import { toConnectionFlags } from '../../../kubectl-tp/src/connection-options.ts';
import { sessionFiles } from '../../../kubectl-tp/src/ipc/paths.ts';
import { resolveConnection } from '../../../kubectl-tp/src/kubernetes/connection.ts';
import { buildKubeconfig } from '../../helpers/scripted-api.ts';
import { createPlugin } from './run-plugin.ts';

const FLAGS = toConnectionFlags({});

test('own intercepts of the namespace, each target once', async (t) => {
  const { env } = await runSession(t, {
    result: {
      intercepts: [
        { namespace: 'shop', target: 'orders', match: 'x-dev=me' },
        { namespace: 'shop', target: 'orders', match: 'x-dev=me' },
        { namespace: 'other', target: 'web', match: 'every request' },
      ],
      ingests: [{ namespace: 'shop', target: 'deployment/db', root: '/tmp/x' }],
    },
  });
  t.deepEqual(await createAskNames(env)('intercepts', FLAGS), [
    ['orders', 'x-dev=me'],
    ['deployment/db', 'ingest'],
  ]);
});

test('a session process of another version is not replaced', async (t) => {
  const { env, calls } = await runSession(t, { makesRoom: true });
  t.deepEqual(await createAskNames(env)('intercepts', FLAGS), []);
  t.is(calls.length, 1);
  t.like(JSON.parse(calls[0] ?? ''), { verb: 'status', again: true });
});

test('one that does not even hang up is not waited for', async (t) => {
  const { env } = await runSession(t, undefined);
  const plugin = await createPlugin(t, env);
  const { code, stdout } = await plugin.run('__complete', '--', 'leave', '');
  t.is(code, 0);
  t.is(stdout, ':4\n');
});

/** A socket in the session process's place with one answer, or none. */
async function runSession(t: ExecutionContext, answer: object | undefined) {
  const home = await mkdtemp(join(tmpdir(), 'tp-names-'));
  const KUBECONFIG = join(home, 'config');
  await writeFile(KUBECONFIG, JSON.stringify(buildKubeconfig('https://127.0.0.1:1')));
  const env = { HOME: home, XDG_RUNTIME_DIR: home, KUBECONFIG };
  const { socket: path } = sessionFiles(await resolveConnection(FLAGS, env), env);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const calls: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    t.teardown(() => void socket.destroy());
    socket.on('error', () => undefined);
    if (answer !== undefined) socket.on('end', () => socket.end());
    socket.once('data', (request) => {
      calls.push(String(request).trim());
      if (answer !== undefined) socket.write(`${JSON.stringify(answer)}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(async () => {
    server.close();
    await rm(home, { recursive: true, force: true });
  });
  return { env, calls };
}
