import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type Image, imageDigest, ociArchive } from '../../../lab/images/oci-archive.ts';

test('an archive that tar reads, with every blob under its own hash and shared layers once', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'oci-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'layer');
  await writeFile(file, 'x'.repeat(1000));
  const digest = `sha256:${execFileSync('sha256sum', [file]).toString().split(' ')[0]}`;
  const image = (name: string): Image => ({ name, config: { Cmd: ['node'] }, layers: [{ file, digest, bytes: 1000 }] });

  await writeFile(join(folder, 'all.tar'), ociArchive([image('lab.local/a:1'), image('lab.local/b:1')]));
  execFileSync('tar', ['-xf', 'all.tar'], { cwd: folder });

  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
  t.deepEqual(
    index.manifests.map((entry: { annotations: object }) => Object.values(entry.annotations)),
    [['lab.local/a:1'], ['lab.local/b:1']],
  );
  t.is(index.manifests[0].digest, imageDigest(image('any')));
  const sums = execFileSync('sha256sum', ['-b', ...blobs(folder)])
    .toString()
    .trim()
    .split('\n');
  t.is(sums.length, 3, 'one layer, one config, one manifest');
  for (const line of sums) {
    const [sum = '', name = ''] = line.split(' *');
    t.true(name.endsWith(`/blobs/sha256/${sum}`));
  }
});

test('another configuration is another image', (t) => {
  t.not(
    imageDigest({ name: 'a', config: { User: '1' }, layers: [] }),
    imageDigest({ name: 'a', config: {}, layers: [] }),
  );
});

function blobs(folder: string): string[] {
  return execFileSync('find', [join(folder, 'blobs'), '-type', 'f'])
    .toString()
    .trim()
    .split('\n');
}
