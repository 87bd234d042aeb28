// The session process as the CLI starts it, where no cluster is asked.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { startSession } from '../../../kubectl-tp/src/caller/start.ts';
import { createSessionFolder, sessionFiles } from '../../../kubectl-tp/src/ipc/paths.ts';
import { SESSION_PROCESS_WORD } from '../../../kubectl-tp/src/ipc/words.ts';
import type { Connection } from '../../../kubectl-tp/src/kubernetes/connection.ts';
import { programPath } from '../../../kubectl-tp/src/program-path.ts';
import { createIdleTimer } from '../../../kubectl-tp/src/session/idle-timer.ts';

const CONNECTION: Connection = {
  context: 'dev',
  namespace: 'shop',
  installNamespace: 'kubectl-tp',
  cluster: { name: 'dev', value: { server: 'https://127.0.0.1:1' } },
  user: { name: 'ann', value: { token: 'one' } },
  impersonate: { groups: [] },
};
/** What is left of the time that a killed process's lock holds: longer than Node starts and an unused process stays. */
const LOCKED_MS = 7000;
const STALE_LOCK_MS = 10_000;

test('a process waits for the lock of a killed one, starts, and ends when nobody calls', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'tp-process-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: home };
  await createSessionFolder(env);
  const files = sessionFiles(CONNECTION, env);
  const child = spawn(process.execPath, ['--', programPath(), SESSION_PROCESS_WORD, files.id], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await writeFile(files.lock, '1 killed');
  const then = new Date(Date.now() + LOCKED_MS - STALE_LOCK_MS);
  await utimes(files.lock, then, then);
  child.stdin.end(JSON.stringify({ connection: CONNECTION, files }));
  const ended = once(child, 'exit');
  t.is(await text(child.stdout), 'ready\n');
  t.deepEqual(await ended, [0, null]);
  t.false(existsSync(files.socket));
});

test('one that does not start is told with the reason', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'tp-process-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const start = (more: NodeJS.ProcessEnv) =>
    t.throwsAsync(startSession(CONNECTION, { ...process.env, HOME: home, XDG_RUNTIME_DIR: home, ...more }), {
      code: 'SESSION_PROCESS_FAILED',
    });
  t.regex(
    (await start({ NODE_OPTIONS: '--no-such-option' }))?.message ?? '',
    /^The session process does not start: it ended/,
  );
  t.regex(
    (await start({ LONGER_THAN_LINUX_TAKES: 'x'.repeat(1 << 20) }))?.message ?? '',
    /does not start: spawn E2BIG\.$/,
  );
});

test('the time counts from the start, and never while a call runs', (t) => {
  let armed = 0;
  const timer = createIdleTimer({
    limitMs() {
      armed += 1;
      return 2 ** 30;
    },
    isNeeded: () => true,
    onIdle: () => t.fail(),
  });
  t.teardown(() => timer.note(1));
  t.is(armed, 0);
  timer.note(1);
  timer.note(0);
  t.is(armed, 0);
  timer.note(1);
  timer.start();
  t.is(armed, 0, 'whoever calls at once is not cut off');
  timer.note(0);
  t.is(armed, 1);
  timer.note(1);
  t.is(armed, 1);
});
