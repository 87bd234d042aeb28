// What sshfs sees when the connection to a pod is lost: errors at once, and files again when there is another one. The
// test is sshfs on one side and the pods on the other.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import {
  buildPacket,
  buildVersionPacket,
  createPacketReader,
  createPacketSplitter,
  ID_OFFSET,
  SFTP,
  SFTP_EXTENSIONS,
  SFTP_STATUS,
  SFTP_VERSION,
  TYPE_OFFSET,
} from '../../../control-plane/src/protocol/index.ts';
import { createSftpRelay } from '../../../kubectl-tp/src/volumes/live/sftp-relay.ts';
import { portOf } from '../../helpers/loopback.ts';
import { waitFor } from '../../helpers/wait-for.ts';

type Pod = { readonly socket: Socket; readonly asked: Buffer[]; answer(packet: Buffer): void };

type Scene = {
  /** The pod's ends of the connections so far. */
  pods: Pod[];
  ask(type: number, id: number, ...parts: (string | number)[]): void;
  /** What sshfs was answered: the next one, if there is one yet. */
  next(): Buffer | undefined;
  answered(): Promise<Buffer>;
  /** While true nobody can connect. */
  isAway: boolean;
  troubles: unknown[];
};

async function openScene(t: ExecutionContext): Promise<Scene> {
  const pods: Pod[] = [];
  const server = createServer((socket) => {
    const asked: Buffer[] = [];
    socket.on('error', () => undefined);
    socket.on(
      'data',
      createPacketSplitter((packet) => asked.push(packet)),
    );
    pods.push({ socket, asked, answer: (packet) => void socket.write(packet) });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [requests, answers] = [new PassThrough(), new PassThrough()];
  const packets: Buffer[] = [];
  answers.on(
    'data',
    createPacketSplitter((packet) => packets.push(Buffer.from(packet))),
  );
  const dial = async () => {
    if (scene.isAway) throw new Error('nobody is there');
    const socket = connect(portOf(server), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const scene: Scene = {
    pods,
    isAway: false,
    troubles: [],
    next: () => packets.shift(),
    ask: (type, id, ...parts) => void requests.write(buildPacket(type, id, ...parts)),
    answered: () => waitFor('an answer', () => packets.shift(), 10_000),
  };
  const onTrouble = (error: unknown) => void scene.troubles.push(error);
  const first = await dial();
  const relay = createSftpRelay({ requests, answers, first, dial, mountPath: ['data'], onTrouble });
  t.teardown(() => {
    relay.close();
    for (const { socket } of pods) socket.destroy();
    server.close();
  });
  requests.write(buildVersionPacket(SFTP.INIT, SFTP_VERSION));
  const version = createPacketReader(await scene.answered(), TYPE_OFFSET + 1);
  t.is(version.u32(), SFTP_VERSION);
  t.is(version.text(), SFTP_EXTENSIONS[0]);
  return scene;
}

const podAt = (scene: Scene, at: number) => waitFor('a connection', () => scene.pods[at]);
const isInputOutput = (packet: Buffer) => createPacketReader(packet).u32() === SFTP_STATUS.INPUT_OUTPUT;

/** Until the relay has joined the connection, it answers by itself. */
async function askUntilHeard(scene: Scene, pod: Pod, id: number): Promise<void> {
  scene.ask(SFTP.LSTAT, id, '/0/a');
  await waitFor('the pod is asked', () => {
    if (scene.next() !== undefined) scene.ask(SFTP.LSTAT, id, '/0/a');
    return pod.asked.length > 0;
  });
}

const askedOf = (pod: Pod, count: number) => waitFor('the question', () => pod.asked.length === count);

test('an answer comes through; a loss answers what waits and what comes, and the next pod goes on', async (t) => {
  const scene = await openScene(t);
  const pod = await podAt(scene, 0);
  scene.ask(SFTP.LSTAT, 1, '/0/a');
  await askedOf(pod, 1);
  pod.answer(buildPacket(SFTP.ATTRS, 1, 0));
  t.is((await scene.answered()).readUInt8(TYPE_OFFSET), SFTP.ATTRS);

  scene.isAway = true;
  scene.ask(SFTP.READ, 2, 'handle');
  scene.ask(SFTP.READ, 3, 'handle');
  await askedOf(pod, 3);
  pod.socket.destroy();
  const lost = [await scene.answered(), await scene.answered()];
  t.deepEqual(
    lost.map((packet) => packet.readUInt32BE(ID_OFFSET)),
    [2, 3],
  );
  t.true(lost.every(isInputOutput));
  scene.ask(SFTP.OPENDIR, 4, '/0');
  t.true(isInputOutput(await scene.answered()), 'while nobody is there');

  scene.isAway = false;
  const next = await podAt(scene, 1);
  await askUntilHeard(scene, next, 5);
  next.answer(buildPacket(SFTP.ATTRS, 5, 0));
  t.is((await scene.answered()).readUInt8(TYPE_OFFSET), SFTP.ATTRS);
  t.true(scene.troubles.length > 0);
});

test('the word that a server ends is a loss at once, however long the connection stays', async (t) => {
  const scene = await openScene(t);
  const pod = await podAt(scene, 0);
  scene.isAway = true;
  scene.ask(SFTP.LSTAT, 1, '/0');
  await askedOf(pod, 1);
  pod.answer(Buffer.of(0, 0, 0, 1, SFTP.LEAVING));
  t.true(isInputOutput(await scene.answered()));
});

test('a pod that says nothing, and one that speaks no SFTP, are lost', async (t) => {
  const scene = await openScene(t);
  const silent = await podAt(scene, 0);
  scene.ask(SFTP.LSTAT, 1, '/0');
  await askedOf(silent, 1);
  t.true(isInputOutput(await scene.answered()));
  const strange = await podAt(scene, 1);
  await askUntilHeard(scene, strange, 2);
  strange.answer(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  t.true(isInputOutput(await scene.answered()));
});

test('an answer to a question of the connection before is not given to another question', async (t) => {
  const scene = await openScene(t);
  const pod = await podAt(scene, 0);
  pod.answer(buildPacket(SFTP.ATTRS, 9, 0));
  scene.ask(SFTP.LSTAT, 10, '/0');
  await askedOf(pod, 1);
  pod.answer(buildPacket(SFTP.ATTRS, 10, 0));
  t.is((await scene.answered()).readUInt32BE(ID_OFFSET), 10);
});

test('links lead inside, also absolute ones of the container; those that lead out are refused', async (t) => {
  const scene = await openScene(t);
  const pod = await podAt(scene, 0);
  let asked = 0;
  async function link(path: string, target: string): Promise<string | number> {
    asked += 1;
    scene.ask(SFTP.READLINK, asked, path);
    await askedOf(pod, asked);
    pod.answer(buildPacket(SFTP.NAME, asked, 1, target, '', 0));
    const reader = createPacketReader(await scene.answered());
    const first = reader.u32();
    return first === 1 ? reader.text() : first;
  }
  t.is(await link('/0/a/link', '/data/b'), '../b');
  t.is(await link('/0/link', 'a'), 'a');
  t.is(await link('/0/link', '/etc/passwd'), SFTP_STATUS.PERMISSION_DENIED);
  t.is(await link('/0/a/link', '../../x'), SFTP_STATUS.PERMISSION_DENIED);
});
