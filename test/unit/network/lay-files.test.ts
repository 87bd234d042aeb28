// Files of a pod at their own paths in a command's namespace, as root and as an ordinary user: seen there, read-only,
// and nowhere else.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { RIG_USERS, type RigUser, startHost } from '../../helpers/rootless-rig.ts';

/** Below the root of the machine, of a folder there, and of a folder that has to be made, too; the last is one file. */
const LAID = [
  '/tp-lay-test/settings/key',
  '/etc/tp-lay-test/key',
  '/run/tp-lay-test/secrets/token/key',
  '/opt/tp-lay-test',
];
const FOLDERS = ['/tp-lay-test/settings', '/etc/tp-lay-test', '/run/tp-lay-test/secrets/token', '/opt/tp-lay-test'];

function createFiles(t: ExecutionContext, files: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'tp-lay-'));
  chmodSync(root, 0o755);
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const file of files) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), `content of ${file}\n`);
    chmodSync(join(root, file), 0o666);
  }
  return root;
}

type Seen = { stdout: string; stderr: string; code: number | null };

async function seen(user: RigUser, root: string, paths: readonly string[], script: string): Promise<Seen> {
  const files = { root, paths, kept: [process.cwd()], programs: ['/usr/bin', '/tp-lay-bin/tools/bin'] };
  return startHost(user, { command: ['sh', '-c', script], files }).ended;
}

for (const user of RIG_USERS) {
  test.serial(`${user}: files are where the pod has them, read-only, and only for the command`, async (t) => {
    const root = createFiles(t, LAID);
    const { stdout, stderr, code } = await seen(user, root, FOLDERS, `cat ${LAID.join(' ')}; pwd`);
    t.is(stderr, '');
    t.is(code, 0);
    t.is(stdout, `${LAID.map((path) => `content of ${path}\n`).join('')}${process.cwd()}\n`);
    for (const path of FOLDERS) t.false(existsSync(path), path);
    t.deepEqual(readdirSync(root).toSorted(), ['etc', 'opt', 'run', 'tp-lay-test']);
    const write = await seen(
      user,
      root,
      FOLDERS,
      `for f in ${LAID.join(' ')}; do echo x >> $f; done; echo x > /etc/tp-lay-test/new`,
    );
    t.is(write.stderr.match(/Read-only file system/g)?.length, LAID.length + 1, write.stderr);
  });

  test.serial(`${user}: nothing of a pod is run as a program, however it is marked`, async (t) => {
    const root = createFiles(t, ['/opt/tp-lay-test/run']);
    writeFileSync(join(root, 'opt/tp-lay-test/run'), '#!/bin/sh\necho ran\n');
    chmodSync(join(root, 'opt/tp-lay-test/run'), 0o755);
    const { stdout, stderr } = await seen(user, root, ['/opt/tp-lay-test'], '/opt/tp-lay-test/run');
    t.is(stdout, '');
    t.regex(stderr, /Permission denied/);
  });

  test.serial(
    `${user}: one folder of an application in /etc does not close its others, nor does a name that only begins like a known one`,
    async (t) => {
      const root = createFiles(t, ['/etc/tp-lay-test/a/key', '/etc/tp-lay-test/b/key', '/etc/lessons/key']);
      const script = 'cat /etc/tp-lay-test/a/key /etc/tp-lay-test/b/key /etc/lessons/key';
      const { stdout, stderr } = await seen(
        user,
        root,
        ['/etc/tp-lay-test/a', '/etc/tp-lay-test/b', '/etc/lessons'],
        script,
      );
      t.is(stderr, '');
      t.is(stdout.match(/content of/g)?.length, 3);
    },
  );

  test.serial(`${user}: what the laptop has is neither hidden nor changed`, async (t) => {
    const root = createFiles(t, LAID);
    const machine =
      'ls / /etc /run /opt 2>&1 | grep -v tp-lay-test; stat -c %a-%s /etc/passwd; touch /etc/tp-x || true';
    const plain = await seen(user, root, [], 'ls / /etc /run /opt 2>&1; stat -c %a-%s /etc/passwd');
    const laid = await seen(user, root, FOLDERS, machine);
    t.is(laid.stdout, plain.stdout);
    if (user !== 'root') t.regex(laid.stderr, /touch: .*(Read-only|Permission)/);
    t.false(existsSync('/etc/tp-x'));
  });

  test.serial(`${user}: a new file that the cluster writes is seen`, async (t) => {
    const root = createFiles(t, LAID);
    const script = `echo later > ${root}/etc/tp-lay-test/later 2>/dev/null; cat /etc/tp-lay-test/later`;
    chmodSync(join(root, 'etc/tp-lay-test'), 0o777);
    t.is((await seen(user, root, FOLDERS, script)).stdout, 'later\n');
  });

  test.serial(`${user}: places of the laptop's own are refused, each with its reason`, async (t) => {
    const refused = {
      '/usr/lib/tp-lay-test/key': 'the laptop needs its own there',
      '/proc/tp-lay-test/key': 'the laptop needs its own there',
      [`${process.cwd()}/tp-lay-test/key`]: 'the laptop needs its own there',
      '/etc/ld.so.preload': 'a single file there may be for all programs',
      '/etc/ssl/key': 'the laptop has its own there',
      // Of these the laptop has the first part, and nothing where the pod has its files.
      '/etc/ssl/tp-lay-test/key': 'the laptop has its own there',
      '/etc/security/tp-lay-test/inner/key': 'the laptop has its own there',
      '/etc/fish/conf.d/key': 'programs of the laptop obey fish there',
      '/etc/OpenCL/vendors/key': 'programs of the laptop obey OpenCL there',
      '/etc/julia-1.11/key': 'programs of the laptop obey julia-1.11 there',
      '/etc/tp-lay-test.d/key': 'programs of the laptop obey tp-lay-test.d there',
      '/tp-lay-bin/key': 'programs are looked for there',
      '/tp-lay-bin/tools/bin/key': 'programs are looked for there',
      '/tp-lay-bin/tools/bin/inner/key': 'programs are looked for there',
      '/snap/bin/key': 'the laptop needs its own there',
      '/tmp/tp-lay-test/key': '/tmp is in use by other programs, too',
    };
    const root = createFiles(t, Object.keys(refused));
    const folders = Object.keys(refused).map((path) => (path.endsWith('/key') ? dirname(path) : path));
    const { stderr, stdout } = await seen(user, root, folders, 'cat /etc/ld.so.preload 2>/dev/null; echo ran');
    t.is(stdout, 'ran\n');
    const reasons = Object.values(refused).map((why, at) => `${folders[at]}: ${why}`);
    t.deepEqual(stderr.trim().split('\n').toSorted(), reasons.toSorted());
  });

  test.serial(
    `${user}: inner volumes come with the outer ones, and a path that is no folder costs itself alone`,
    async (t) => {
      const root = createFiles(t, ['/tp-lay-test/outer/inner/key', '/tp-lay-test/file/key']);
      const paths = ['/tp-lay-test/outer/inner', '/tp-lay-test/outer', '/tp-lay-test/nowhere', '/tp-lay-test/file/key'];
      const { stderr, stdout } = await seen(
        user,
        root,
        paths,
        'cat /tp-lay-test/outer/inner/key /tp-lay-test/file/key',
      );
      t.is(stdout, 'content of /tp-lay-test/outer/inner/key\ncontent of /tp-lay-test/file/key\n');
      t.regex(stderr, /^\/tp-lay-test\/nowhere: ENOENT.*\n$/);
    },
  );
}
