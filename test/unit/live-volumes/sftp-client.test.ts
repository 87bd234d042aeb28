// The client that copies are made with, where the pod's end of the connection is slow, silent or hostile.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import {
  buildPacket,
  createPacketSplitter,
  ID_OFFSET,
  SFTP,
  SFTP_STATUS,
  TYPE_OFFSET,
} from '../../../control-plane/src/protocol/index.ts';
import { createSftpClient, type SftpClient } from '../../../kubectl-tp/src/volumes/live/sftp-client.ts';
import { listen } from '../../helpers/loopback.ts';

type Scene = { readonly client: SftpClient; readonly pod: Socket; readonly laptop: Socket };

async function openScene(t: ExecutionContext, signal: AbortSignal): Promise<Scene> {
  const server = createServer();
  const laptop = connect(await listen(t, server), '127.0.0.1');
  const [pod] = (await once(server, 'connection')) as [Socket];
  pod.on('error', () => undefined);
  t.teardown(() => pod.destroy());
  return { client: createSftpClient(laptop, signal), pod, laptop };
}

test('a pod that does not answer is given up', async (t) => {
  const { client, laptop } = await openScene(t, new AbortController().signal);
  await t.throwsAsync(client.attributes('/0'), { message: /answers nothing/ });
  t.true(laptop.destroyed);
  await t.throwsAsync(client.attributes('/1'), { message: /has ended/ });
});

test('who is not wanted any more waits for no answer', async (t) => {
  const wanted = new AbortController();
  const { client, laptop } = await openScene(t, wanted.signal);
  const asked = client.attributes('/0');
  wanted.abort(new Error('not wanted'));
  await t.throwsAsync(asked, { message: 'not wanted' });
  t.true(laptop.destroyed);
});

test('a folder without end is listed as far as it is wanted', async (t) => {
  const { client, pod } = await openScene(t, new AbortController().signal);
  pod.on(
    'data',
    createPacketSplitter((packet) => {
      const id = packet.readUInt32BE(ID_OFFSET);
      const type = packet.readUInt8(TYPE_OFFSET);
      if (type === SFTP.OPENDIR) pod.write(buildPacket(SFTP.HANDLE, id, 'h'));
      else if (type === SFTP.READDIR) pod.write(buildPacket(SFTP.NAME, id, 3, ...['.', 'a', 'b'].flatMap(nameOf)));
      else pod.write(buildPacket(SFTP.STATUS, id, SFTP_STATUS.OK, '', ''));
    }),
  );
  const names = (await client.list('/0', 5)).map(({ name }) => name);
  t.deepEqual(names, ['a', 'b', 'a', 'b', 'a']);
});

/** Name, the line that `ls -l` would have, and no attributes. */
const nameOf = (name: string): (string | number)[] => [name, '', 0];
