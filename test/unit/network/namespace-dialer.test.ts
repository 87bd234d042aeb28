// Connections from outside to a program in a command's own network. As whoever runs the tests.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { OWN_ADDRESSES } from '../../../kubectl-tp/src/network/network-addresses.ts';
import {
  createNamespaceDialer,
  type NamespaceDialer,
} from '../../../kubectl-tp/src/network/rootless/namespace-dialer.ts';
import { type Namespace, startNamespace } from '../../../kubectl-tp/src/network/rootless/start-namespace.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const APP = fileURLToPath(new URL('../../helpers/namespace-app.ts', import.meta.url));
/** More than there are sockets ready. */
const CROWD = 500;
const NEVER = new AbortController().signal;

type Scene = { namespace: Namespace; dialer: NamespaceDialer };

async function createScene(t: ExecutionContext): Promise<Scene> {
  const namespace = await startNamespace({ addresses: OWN_ADDRESSES, resolvConf: '' });
  const dialer = createNamespaceDialer(namespace.descriptors);
  t.teardown(() => {
    dialer.close();
    return namespace.close();
  });
  return { namespace, dialer };
}

/** Resolves with the port on which the program listens. */
async function startApp(t: ExecutionContext, { namespace }: Scene, host: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tp-app-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'port');
  const script = 'exec "$0" "$1" "$2" > "$3"';
  void namespace.run(['sh', '-c', script, process.execPath, APP, host, file], process.env);
  const read = () => {
    try {
      return /listening (\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
    } catch {
      return undefined;
    }
  };
  return Number(await waitFor('the program listens', read));
}

for (const host of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
  test.serial(`a program that listens on ${host} is reached, with both directions' ends`, async (t) => {
    const scene = await createScene(t);
    const port = await startApp(t, scene, host);
    const socket = await scene.dialer.dial(port, NEVER);
    t.true(socket?.allowHalfOpen, "the far side's end is not ours");
    socket?.end('there and back');
    t.is(await text(socket as Socket), 'there and back');
  });
}

test.serial('a crowd is served, by a dialer that takes over from another, too', async (t) => {
  const scene = await createScene(t);
  const port = await startApp(t, scene, '127.0.0.1');
  const next = createNamespaceDialer(scene.namespace.descriptors);
  t.teardown(next.close);
  for (const dialer of [scene.dialer, next]) {
    const answers = await Promise.all(
      Array.from({ length: CROWD }, async (_, index) => {
        const socket = await dialer.dial(port, NEVER);
        socket?.write(`${index}`);
        const [answer] = socket === undefined ? [] : await once(socket, 'data');
        socket?.destroy();
        return String(answer) === `${index}`;
      }),
    );
    t.is(answers.filter(Boolean).length, CROWD);
  }
});

test.serial('nobody who listens is known at once, as often as it is asked', async (t) => {
  const { dialer, namespace } = await createScene(t);
  for (let count = 0; count < CROWD; count += 1) t.is(await dialer.dial(1, NEVER), undefined);
  t.is(await dialer.dial(1, AbortSignal.abort()), undefined);
  await namespace.close();
  t.is(await dialer.dial(1, NEVER), undefined);
  dialer.close();
  t.is(await dialer.dial(1, NEVER), undefined);
});
