import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { fillKrewManifest } from '../../../kubectl-tp/krew.ts';
import manifest from '../../../kubectl-tp/package.json' with { type: 'json' };

const PLATFORMS = ['linux_amd64', 'linux_arm64', 'darwin_amd64', 'darwin_arm64'];

test('a release names each archive with its own hash, and no placeholder is left', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-krew-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const version = `v${manifest.version}`;
  for (const name of PLATFORMS) await writeFile(join(folder, `kubectl-tp_${version}_${name}.tar.gz`), name);
  const text = fillKrewManifest(folder, 'https://example.test/v/');
  t.notRegex(text, /SHA256_|RELEASE_URL|VERSION/);
  const { spec } = parse(text);
  t.is(spec.version, version);
  t.deepEqual(
    spec.platforms.map(({ uri }: { uri: string }) => uri),
    PLATFORMS.map((name) => `https://example.test/v/kubectl-tp_${version}_${name}.tar.gz`),
  );
  const hashes = spec.platforms.map(({ sha256 }: { sha256: string }) => sha256);
  t.is(new Set(hashes).size, PLATFORMS.length);
  t.true(hashes.every((hash: string) => /^[0-9a-f]{64}$/.test(hash)));
});

test('a missing archive ends the release', (t) => {
  t.throws(() => fillKrewManifest('/nonexistent', 'https://example.test'), { code: 'ENOENT' });
});
