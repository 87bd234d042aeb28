// The process that has live volumes mounted in a command's mount namespace. Its connections to the pod are the session
// process's, by a unix socket; when that one is started anew, they come back by themselves.

import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { ACCEPTED, readPrefix } from '@kubectl-tp/control-plane/protocol';
import { describeError } from '../../errors.ts';
import { createLiveFolder } from '../../volumes/live/live-folder.ts';
import { mountedBelow } from '../../volumes/live/mounted-below.ts';
import type { MountWish, NotMounted } from './mount-live-volumes.ts';

/** The session process may have to start a server in another pod. */
const ACCEPT_TIMEOUT_MS = 60_000;

export function runMountProcess(): void {
  process.once('message', async (wish: MountWish) => process.send?.(await mountAll(wish)));
  // Nothing is left of the namespace that this is for.
  process.on('disconnect', () => process.exit(0));
}

async function mountAll({ root, live: { socket, folders } }: MountWish): Promise<NotMounted[]> {
  const missing: NotMounted[] = [];
  const dial = (signal: AbortSignal) => dialSession(socket, signal);
  const { signal } = new AbortController();
  for (const { mount, exported } of folders) {
    const folder = join(root, ...mount.path);
    // Mounted before the namespace was made, so that it is seen.
    if ((await mountedBelow(folder)).length > 0) continue;
    try {
      await createLiveFolder({ folder, exported, mount, dial, log: () => undefined, signal });
    } catch (error) {
      missing.push({ path: `/${mount.path.join('/')}`, why: describeError(error).message });
    }
  }
  return missing;
}

async function dialSession(path: string, signal: AbortSignal): Promise<Duplex> {
  const socket = connect(path);
  socket.on('error', () => undefined); // whoever uses it hears of its end
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  await once(socket, 'connect');
  const limits = { timeoutMs: ACCEPT_TIMEOUT_MS, maxBytes: ACCEPTED.length };
  const accepted = await readPrefix(socket, () => ({ value: true, bytes: ACCEPTED.length }), limits);
  if (accepted) return socket;
  socket.destroy();
  throw new Error('the session process does not reach the pod');
}
