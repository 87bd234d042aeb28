// Files and folders that only their owner may read, and what the session remembers in one of them.

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { createSessionFolder } from '../../../kubectl-tp/src/ipc/paths.ts';
import { createIdentity, loadIdentity, saveIdentity } from '../../../kubectl-tp/src/session/identity.ts';
import { writePrivateFile } from '../../../kubectl-tp/src/write-private-file.ts';

async function createFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-private-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

test('a private file replaces what anybody could read, and leaves nothing beside it', async (t) => {
  const folder = await createFolder(t);
  const path = join(folder, 'env');
  await writeFile(path, 'old', { mode: 0o644 });
  await Promise.all(['one', 'two'].map((text) => writePrivateFile(path, text)));
  t.regex(await readFile(path, 'utf8'), /^(one|two)$/);
  t.is((await stat(path)).mode & 0o777, 0o600);
  await t.throwsAsync(writePrivateFile(folder, 'a folder is in the way'));
  t.deepEqual(await readdir(folder), ['env']);
});

test('an identity is the same after a restart, with the ports it was asked for', async (t) => {
  const path = join(await createFolder(t), 'identity.json');
  const identity = { ...createIdentity(), namespaces: ['shop'], ports: { 'uid-1': 8080 } };
  await saveIdentity(path, identity);
  const { privateKey, ...loaded } = (await loadIdentity(path)) ?? {};
  const { privateKey: made, ...rest } = identity;
  t.deepEqual(loaded, rest);
  t.true(privateKey?.equals(made));
});

test('a user whom the machine has no name for has an identity, too', async (t) => {
  const module = new URL('../../../kubectl-tp/src/session/identity.ts', import.meta.url);
  const script = `import { createIdentity } from '${module}'; process.stdout.write(createIdentity().session);`;
  const nobody = ['--user', '--map-user=54321', '--'];
  const node = [process.execPath, '--input-type=module', '-e', script];
  t.regex((await promisify(execFile)('unshare', [...nobody, ...node])).stdout, /^laptop-/);
});

test('a session folder that others may enter, or that is a link, is refused', async (t) => {
  const runtime = await createFolder(t);
  const env = { XDG_RUNTIME_DIR: runtime };
  const folder = join(runtime, 'kubectl-tp');
  createSessionFolder(env);
  t.is((await stat(folder)).mode & 0o777, 0o700);
  createSessionFolder(env);
  await chmod(folder, 0o710);
  t.throws(() => createSessionFolder(env), { code: 'SESSION_PROCESS_FAILED', message: /only you can enter/ });
  await rm(folder, { recursive: true });
  await mkdir(join(runtime, 'elsewhere'), { mode: 0o700 });
  await symlink(join(runtime, 'elsewhere'), folder);
  t.throws(() => createSessionFolder(env), { message: /only you can enter/ });
});
