// A session process's session on an API server in memory, for tests of what commands do with it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { SESSIONS, type Session as SessionObject } from '../../control-plane/src/api/index.ts';
import { createSession, type Session } from '../../kubectl-tp/src/session/session.ts';
import { createVolumeBook, type VolumeBook } from '../../kubectl-tp/src/volumes/volume-book.ts';
import { createMemoryKubernetes, type MemoryKubernetes } from './memory-kubernetes.ts';
import { NO_LIVE_VOLUMES } from './no-live-volumes.ts';
import { createTestCertificate } from './test-certificate.ts';
import { waitFor } from './wait-for.ts';

export type MemorySession = {
  readonly kubernetes: MemoryKubernetes;
  readonly session: Session;
  readonly volumes: VolumeBook;
  /** Where the session keeps its key. */
  readonly folder: string;
  /** The session's object, once it is made. */
  object(): Promise<SessionObject>;
  /** Gives it a certificate, as the control plane does. */
  issue(): Promise<void>;
  /** The session of the next process. */
  reopen(): Session;
};

export async function createMemorySession(t: ExecutionContext): Promise<MemorySession> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-session-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const kubernetes = createMemoryKubernetes();
  const { client } = kubernetes;
  const log = () => undefined;
  const reopen = () => {
    const session = createSession({
      cluster: { client, server: new URL('https://dev.test'), httpsOptions: async () => ({}) },
      installNamespace: 'kubectl-tp',
      identityPath: join(folder, 'identity.json'),
      log,
    });
    t.teardown(session.close);
    return session;
  };
  const object = async () => {
    await waitFor('the session is there', () => kubernetes.names(SESSIONS).length === 1);
    return kubernetes.find(SESSIONS, kubernetes.names(SESSIONS)[0] ?? '') as SessionObject;
  };
  return {
    kubernetes,
    session: reopen(),
    volumes: createVolumeBook({ client, folder: join(folder, 'volumes'), openLive: NO_LIVE_VOLUMES, log }),
    folder,
    object,
    async issue() {
      const { certificateChain } = await createTestCertificate('localhost');
      const status = { certificate: certificateChain, authority: certificateChain };
      kubernetes.put(SESSIONS, { ...(await object()), status } as SessionObject);
    },
    reopen,
  };
}
