// A release for krew: the archives are what the manifest says, work as krew unpacks them, and come out the same again.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { packFolder } from '../../../kubectl-tp/krew/pack-folder.ts';
import { buildKrewRelease, fillKrewManifest } from '../../../kubectl-tp/krew.ts';
import manifest from '../../../kubectl-tp/package.json' with { type: 'json' };

const run = promisify(execFile);
const PLATFORMS = ['linux_amd64', 'linux_arm64', 'darwin_amd64', 'darwin_arm64'];
const VERSION = `v${manifest.version}`;
const OWN_PLATFORM = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}` as const;

async function createFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-krew-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

test('a release names each archive with its own hash, and no placeholder is left', (t) => {
  const hashes = Object.fromEntries(PLATFORMS.map((name) => [name, `hash of ${name}`]));
  const text = fillKrewManifest('https://example.test/v/', hashes);
  t.notRegex(text, /SHA256_|RELEASE_URL|VERSION/);
  const { spec } = parse(text);
  t.is(spec.version, VERSION);
  t.deepEqual(
    spec.platforms.map(({ uri, sha256 }: { uri: string; sha256: string }) => [uri, sha256]),
    PLATFORMS.map((name) => [`https://example.test/v/kubectl-tp_${VERSION}_${name}.tar.gz`, `hash of ${name}`]),
  );
});

test('the archive works as krew unpacks and links it, and comes out the same again', async (t) => {
  const folder = await createFolder(t);
  const [first, again] = [join(folder, 'first'), join(folder, 'again')];
  for (const release of [first, again]) await buildKrewRelease(release, { platforms: [OWN_PLATFORM] });

  const [platform, ...others] = parse(readFileSync(join(first, 'tp.yaml'), 'utf8')).spec.platforms;
  t.deepEqual(others, []);
  const archive = new URL(platform.uri);
  t.is(archive.pathname, join(first, `kubectl-tp_${VERSION}_${OWN_PLATFORM}.tar.gz`));
  const bytes = readFileSync(archive);
  t.is(createHash('sha256').update(bytes).digest('hex'), platform.sha256);
  t.true(bytes.equals(readFileSync(join(again, `kubectl-tp_${VERSION}_${OWN_PLATFORM}.tar.gz`))), 'other bytes');

  const [store, bin] = [join(folder, 'store', 'tp', VERSION), join(folder, 'bin')];
  for (const made of [store, bin]) await mkdir(made, { recursive: true });
  await run('tar', ['-xzf', archive.pathname, '-C', store]);
  await symlink(join(store, platform.bin), join(bin, 'kubectl-tp'));
  t.regex(readFileSync(join(store, 'LICENSE'), 'utf8'), /Apache License/);
  const env = {
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}`,
  };
  t.regex((await run('kubectl-tp', ['version'], { env })).stdout, new RegExp(`plugin.*${manifest.version}`));
  // The native code is found and is this platform's.
  const load = `process.stdout.write(String(require('${store}/node_modules/koffi').sizeof('int')))`;
  t.is((await run(process.execPath, ['-e', load], { env })).stdout, '4');
});

test('times, rights and the order of making do not show in an archive; what runs does', async (t) => {
  const folder = await createFolder(t);
  const pack = (name: string, files: readonly string[], mode: number, time: number) => {
    const made = join(folder, name);
    mkdirSync(join(made, 'b'), { recursive: true, mode: mode | 0o100 });
    for (const file of files) {
      writeFileSync(join(made, file), 'x'.repeat(file.length * 300));
      chmodSync(join(made, file), mode);
      utimesSync(join(made, file), time, time);
    }
    return packFolder(made);
  };
  const one = await pack('one', ['a', 'b/c', 'b/d', 'ä'], 0o600, 1000);
  t.true(one.equals(await pack('two', ['ä', 'b/d', 'b/c', 'a'], 0o664, 2000)));
  t.false(one.equals(await pack('three', ['a', 'b/c', 'b/d', 'ä'], 0o700, 1000)));
  writeFileSync(join(folder, 'one.tar.gz'), one);
  t.deepEqual((await run('tar', ['-tzf', join(folder, 'one.tar.gz')])).stdout.trim().split('\n').length, 5);
});

test('what krew does not take ends the release', async (t) => {
  const folder = await createFolder(t);
  symlinkSync('/nowhere', join(folder, 'link'));
  await t.throwsAsync(packFolder(folder), { message: /no file/ });
  await t.throwsAsync(buildKrewRelease(folder, { platforms: ['plan9_mips'] }), { message: /plan9-mips/ });
});
