// The volume server on real folders: what it serves, whom it lets in, and what never leaves the folders.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  buildAttributes,
  buildPacket,
  buildU64,
  createPacketReader,
  createPacketSplitter,
  OPEN_FLAG,
  SFTP,
  SFTP_STATUS,
  TYPE_OFFSET,
  type VolumeExport,
} from '../../../control-plane/src/protocol/index.ts';
import { parseConfig } from '../../../control-plane/src/volume-server/config.ts';
import { startVolumeServer, type VolumeServer } from '../../../control-plane/src/volume-server/server.ts';
import { meetServer } from '../../../kubectl-tp/src/volumes/live/dial-volumes.ts';
import { openVolumeKey, type VolumeKey } from '../../../kubectl-tp/src/volumes/live/volume-key.ts';
import { closedPort } from '../../helpers/loopback.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const FOREVER_MS = 600_000;
const SECRET = randomBytes(32).toString('base64');

type Scene = { folder: string; port: number; key: VolumeKey; server: VolumeServer; stop: () => void };

async function openScene(
  t: ExecutionContext,
  exports: (folder: string) => VolumeExport[],
  idleMs = FOREVER_MS,
): Promise<Scene> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tp-served-')));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const key = openVolumeKey();
  const ending = new AbortController();
  t.teardown(() => ending.abort());
  const port = await closedPort();
  const config = { port, publicKey: key.publicKey, secret: SECRET, exports: exports(folder) };
  const server = await startVolumeServer(config, { signal: ending.signal, idleMs });
  return { folder, port, key, server, stop: () => ending.abort() };
}

/** Undefined where the server lets nobody in, or is not the one that has the secret. */
async function enter(
  { port }: Scene,
  key: VolumeKey,
  server: { port: number; secret: string } = { port, secret: SECRET },
): Promise<Socket | undefined> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  return (await meetServer(socket, key.privateKey, server)) === undefined ? socket : undefined;
}

type Ask = (type: number, ...parts: (number | string | Buffer)[]) => Promise<Buffer>;

async function asker(t: ExecutionContext, scene: Scene): Promise<Ask> {
  const socket = await enter(scene, scene.key);
  if (socket === undefined) throw new Error('not let in');
  t.teardown(() => socket.destroy());
  const packets: Buffer[] = [];
  socket.on(
    'data',
    createPacketSplitter((packet) => packets.push(packet)),
  );
  return async (type, ...parts) => {
    socket.write(buildPacket(type, 7, ...parts));
    return waitFor('an answer', () => packets.shift());
  };
}

/** The status of an answer; OK for any other answer. */
function statusOf(packet: Buffer): number {
  return packet.readUInt8(TYPE_OFFSET) === SFTP.STATUS ? createPacketReader(packet).u32() : SFTP_STATUS.OK;
}

const handleOf = (packet: Buffer): string => createPacketReader(packet).text();

async function readAll(ask: Ask, path: string): Promise<Buffer> {
  const handle = handleOf(await ask(SFTP.OPEN, path, OPEN_FLAG.READ, 0));
  return createPacketReader(await ask(SFTP.READ, handle, buildU64(0), 1000)).bytes();
}

test('who has the key reads, lists and writes; names need not be UTF-8', async (t) => {
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: false }]);
  const { folder } = scene;
  const strange = Buffer.from([0x66, 0xff, 0xfe]);
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), strange]), 'strange');
  const ask = await asker(t, scene);
  t.is((await readAll(ask, `/0/${strange.toString('latin1')}`)).toString(), 'strange');
  const handle = handleOf(await ask(SFTP.OPEN, '/0/new', OPEN_FLAG.WRITE | OPEN_FLAG.CREATE, 0));
  t.is(statusOf(await ask(SFTP.WRITE, handle, buildU64(2), Buffer.from([0, 0, 0, 2, 104, 105]))), SFTP_STATUS.OK);
  t.is(await readFile(join(folder, 'new'), 'latin1'), '\0\0hi');
  t.is(statusOf(await ask(SFTP.MKDIR, '/0/inner', 0)), SFTP_STATUS.OK);
  t.is(statusOf(await ask(SFTP.RENAME, '/0/new', '/0/inner/moved')), SFTP_STATUS.OK);
  const listed = handleOf(await ask(SFTP.OPENDIR, '/0'));
  t.is(createPacketReader(await ask(SFTP.READDIR, listed)).u32(), 2);
  t.is(statusOf(await ask(SFTP.READDIR, listed)), SFTP_STATUS.EOF);
  t.is(statusOf(await ask(SFTP.REMOVE, '/0/inner/moved')), SFTP_STATUS.OK);
  t.is(statusOf(await ask(SFTP.RMDIR, '/0/inner')), SFTP_STATUS.OK);
  t.is((await readdir(folder)).length, 1);
});

test('times are what was asked for, also where the size changes with them; those of a link are its own', async (t) => {
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: false }]);
  const { folder } = scene;
  await writeFile(join(folder, 'file'), 'text');
  await symlink('file', join(folder, 'link'));
  const ask = await asker(t, scene);
  const modified = (name: string) => lstat(join(folder, name)).then(({ mtimeMs }) => mtimeMs / 1000);
  const all = buildAttributes({ size: 2, mode: 0o600, times: { accessed: 1000, modified: 2000 } });
  t.is(statusOf(await ask(SFTP.SETSTAT, '/0/file', all)), SFTP_STATUS.OK);
  t.is(await modified('file'), 2000);
  t.is(await readFile(join(folder, 'file'), 'utf8'), 'te');
  const times = buildAttributes({ times: { accessed: 3000, modified: 4000 } });
  t.is(statusOf(await ask(SFTP.SETSTAT, '/0/link', times)), SFTP_STATUS.OK);
  t.is(await modified('link'), 4000);
  t.is(await modified('file'), 2000);
});

test('requests are done in their order: what was just made has attributes', async (t) => {
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: false }]);
  const socket = await enter(scene, scene.key);
  t.teardown(() => socket?.destroy());
  const answers: Buffer[] = [];
  socket?.on(
    'data',
    createPacketSplitter((packet) => answers.push(packet)),
  );
  const files = 200;
  for (let at = 0; at < files; at += 1) {
    const create = OPEN_FLAG.WRITE | OPEN_FLAG.CREATE;
    socket?.write(
      Buffer.concat([buildPacket(SFTP.OPEN, 1, `/0/${at}`, create, 0), buildPacket(SFTP.LSTAT, 2, `/0/${at}`)]),
    );
  }
  await waitFor('all answers', () => answers.length === 2 * files);
  t.deepEqual([...new Set(answers.map((answer) => answer.readUInt8(TYPE_OFFSET)))].sort(), [SFTP.HANDLE, SFTP.ATTRS]);
});

test('no path and no link leads out of the folders', async (t) => {
  const scene = await openScene(t, (folder) => [
    { folder: `${folder}/volume`, isReadOnly: false },
    { folder: `${folder}/volume`, subPath: 'part', isReadOnly: false },
  ]);
  const { folder } = scene;
  await mkdir(join(folder, 'volume/real'), { recursive: true });
  await mkdir(join(folder, 'outside'));
  await writeFile(join(folder, 'outside/secret'), 'secret');
  await symlink('../outside', join(folder, 'volume/folder'));
  await symlink('../outside/secret', join(folder, 'volume/file'));
  await symlink('../outside', join(folder, 'volume/part'));
  const ask = await asker(t, scene);
  const closed = [
    '/0/../outside/secret',
    '/0/folder/secret',
    '/0/file',
    '/0/real/../../outside/secret',
    '/1/secret',
    '/2/x',
    '/x',
    '/',
  ];
  for (const path of closed) {
    t.not(statusOf(await ask(SFTP.OPEN, path, OPEN_FLAG.READ, 0)), SFTP_STATUS.OK, path);
    t.not(statusOf(await ask(SFTP.OPEN, path, OPEN_FLAG.WRITE | OPEN_FLAG.CREATE, 0)), SFTP_STATUS.OK, path);
  }
  for (const path of ['/0/folder', '/1']) t.not(statusOf(await ask(SFTP.OPENDIR, path)), SFTP_STATUS.OK, path);
  t.not(statusOf(await ask(SFTP.REMOVE, '/0/folder/secret')), SFTP_STATUS.OK);
  t.not(statusOf(await ask(SFTP.RENAME, '/0/real', '/0/folder/real')), SFTP_STATUS.OK);
  t.not(statusOf(await ask(SFTP.MKDIR, '/0/../new', 0)), SFTP_STATUS.OK);
  t.not(statusOf(await ask(SFTP.SETSTAT, '/0/file', 4, 0)), SFTP_STATUS.OK, 'the mode of what a link leads to');
  t.deepEqual(await readdir(join(folder, 'outside')), ['secret']);
  t.is(await readFile(join(folder, 'outside/secret'), 'utf8'), 'secret');
  // The link itself is told of.
  const target = createPacketReader(await ask(SFTP.READLINK, '/0/file'));
  target.u32();
  t.is(target.text(), '../outside/secret');
});

test('a read-only folder is never written, whatever is asked', async (t) => {
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: true }]);
  const { folder } = scene;
  await writeFile(join(folder, 'a'), 'a');
  await chmod(join(folder, 'a'), 0o666);
  const ask = await asker(t, scene);
  const { WRITE, CREATE, TRUNCATE, READ, APPEND } = OPEN_FLAG;
  const refused = [
    ...[WRITE, READ | CREATE, READ | TRUNCATE, READ | WRITE, APPEND].map((flags) => ask(SFTP.OPEN, '/0/a', flags, 0)),
    ask(SFTP.REMOVE, '/0/a'),
    ask(SFTP.MKDIR, '/0/b', 0),
    ask(SFTP.RMDIR, '/0/b'),
    ask(SFTP.RENAME, '/0/a', '/0/b'),
    ask(SFTP.EXTENDED, 'posix-rename@openssh.com', '/0/a', '/0/b'),
    ask(SFTP.SYMLINK, 'a', '/0/b'),
    ask(SFTP.SETSTAT, '/0/a', 1, buildU64(0)),
  ];
  for (const answer of refused) t.is(statusOf(await answer), SFTP_STATUS.PERMISSION_DENIED);
  const handle = handleOf(await ask(SFTP.OPEN, '/0/a', READ, 0));
  t.is(
    statusOf(await ask(SFTP.WRITE, handle, buildU64(0), Buffer.from([0, 0, 0, 1, 98]))),
    SFTP_STATUS.PERMISSION_DENIED,
  );
  t.is(statusOf(await ask(SFTP.FSETSTAT, handle, 1, buildU64(0))), SFTP_STATUS.PERMISSION_DENIED);
  t.is(await readFile(join(folder, 'a'), 'utf8'), 'a');
});

test('a handle is of one connection, and what is no SFTP ends it', async (t) => {
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: true }]);
  await writeFile(join(scene.folder, 'a'), 'a');
  await link(join(scene.folder, 'a'), join(scene.folder, 'b'));
  const first = await asker(t, scene);
  const handle = handleOf(await first(SFTP.OPEN, '/0/a', OPEN_FLAG.READ, 0));
  const second = await asker(t, scene);
  t.is(statusOf(await second(SFTP.READ, handle, buildU64(0), 10)), SFTP_STATUS.INPUT_OUTPUT);
  t.is(statusOf(await second(99)), SFTP_STATUS.OP_UNSUPPORTED);
  t.is(statusOf(await second(SFTP.OPEN)), SFTP_STATUS.BAD_MESSAGE);
  const socket = await enter(scene, scene.key);
  socket?.write('GET / HTTP/1.1\r\n\r\n');
  if (socket !== undefined) await once(socket.resume(), 'close');
  t.pass();
});

test('a connection that is reset ends alone, and is not waited for', async (t) => {
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: true }], 500);
  await writeFile(join(scene.folder, 'a'), 'a');
  const reset = await enter(scene, scene.key);
  const kept = await enter(scene, scene.key);
  if (reset === undefined || kept === undefined) return t.fail('not let in');
  reset.write(buildPacket(SFTP.OPEN, 1, '/0/a', OPEN_FLAG.READ, 0));
  await once(reset, 'data');
  reset.resetAndDestroy();
  kept.write(buildPacket(SFTP.LSTAT, 1, '/0/a'));
  t.is(((await once(kept, 'data'))[0] as Buffer).readUInt8(TYPE_OFFSET), SFTP.ATTRS);
  kept.destroy();
  await scene.server.ended;
});

test('without the key, or with an answer for another port, nobody gets in', async (t) => {
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: true }]);
  t.is(await enter(scene, openVolumeKey()), undefined);
  t.is(await enter(scene, scene.key, { port: scene.port + 1, secret: SECRET }), undefined);
  const other = randomBytes(32).toString('base64');
  t.is(await enter(scene, scene.key, { port: scene.port, secret: other }), undefined, 'somebody else has the port');
  t.not(await enter(scene, scene.key), undefined);
});

test('it ends when nobody comes, says so to who is there when it is ended', async (t) => {
  const alone = await openScene(t, (folder) => [{ folder, isReadOnly: true }], 50);
  await alone.server.ended;
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: true }]);
  const socket = await enter(scene, scene.key);
  const packets: Buffer[] = [];
  socket?.on(
    'data',
    createPacketSplitter((packet) => packets.push(packet)),
  );
  scene.stop();
  await scene.server.ended;
  await waitFor('the word', () => packets[0]?.readUInt8(TYPE_OFFSET) === SFTP.LEAVING);
  t.pass();
});

test('who reads nothing does not keep it from ending', async (t) => {
  const scene = await openScene(t, (folder) => [{ folder, isReadOnly: true }]);
  const bytes = 64 << 10;
  await writeFile(join(scene.folder, 'a'), Buffer.alloc(bytes));
  const idle = await enter(scene, scene.key);
  idle?.write(buildPacket(SFTP.OPEN, 1, '/0/a', OPEN_FLAG.READ, 0));
  if (idle === undefined) return t.fail('not let in');
  const [opened] = (await once(idle, 'data')) as [Buffer];
  idle.pause();
  const read = buildPacket(SFTP.READ, 1, handleOf(opened), buildU64(0), bytes);
  // More than the kernel holds for a connection.
  idle.write(Buffer.concat(Array.from({ length: 512 }, () => read)));
  const ask = await asker(t, scene);
  // Requests of both take turns: the other one's are stuck when these are done.
  for (let turn = 0; turn < 20; turn += 1) await ask(SFTP.LSTAT, '/0/a');
  scene.stop();
  await t.notThrowsAsync(scene.server.ended);
});

test('an argument that is wrong is refused by its name', (t) => {
  const { publicKey } = openVolumeKey();
  const good = { port: 1, publicKey, secret: SECRET, exports: [{ folder: '/v', isReadOnly: true }] };
  t.deepEqual(parseConfig(JSON.stringify(good)), good);
  for (const [bad, what] of [
    [{ ...good, port: 0 }, /"port"/],
    [{ ...good, publicKey: 1 }, /"publicKey"/],
    [{ ...good, publicKey: '' }, /"publicKey"/],
    [{ ...good, publicKey: ofAnotherKind() }, /"publicKey"/],
    [{ ...good, secret: '' }, /"secret"/],
    [{ ...good, exports: [{ folder: 'v', isReadOnly: true }] }, /"exports"/],
    [{ ...good, exports: [{ folder: '/v', subPath: '../x', isReadOnly: true }] }, /"exports"/],
    ['', /JSON/],
  ] as const) {
    t.throws(() => parseConfig(JSON.stringify(bad)), { code: 'CONFIG_INVALID', message: what });
  }
});

/** Nothing that this laptop makes: its signatures have another length. */
function ofAnotherKind(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}
