// What the session process does for each call.

import { TpError } from '../errors.ts';
import type { Connection } from '../kubernetes/connection.ts';
import type { InterceptName } from './api.ts';
import { connect } from './connect.ts';
import { intercept } from './intercept.ts';
import type { LiveSession } from './live-session.ts';
import type { SessionFiles } from './paths.ts';
import { buildReport } from './report.ts';
import type { Handlers } from './server.ts';
import type { Session } from './session.ts';

type Options = {
  readonly session: Session;
  readonly connection: Connection;
  readonly files: SessionFiles;
  readonly quit: () => void;
};

export function createHandlers({ session, connection, files, quit }: Options): Handlers {
  return {
    async intercept({ arguments: request, ...tools }) {
      await session.resume(tools.signal);
      const result = await intercept(session, request, tools);
      if (!request.hold) return { result };
      const ended = untilEnded(session, result, tools.signal);
      return { result, ended, release: () => leaveByName(session, result.namespace, result.name) };
    },

    async connect({ arguments: request, ...tools }) {
      await session.resume(tools.signal);
      const { result, live, leave } = await connect(session, request, tools);
      return { result, ended: untilGone(session, live, tools.signal), release: leave };
    },

    async leave({ arguments: request, signal }) {
      await session.resume(signal);
      return { result: { left: await session.leaveMatching(request) } };
    },

    async status({ signal }) {
      await session.resume(signal);
      return { result: await buildReport({ session, connection, files }) };
    },

    async quit({ signal }) {
      await session.resume(signal);
      const left = await session.end();
      // Ends the process once the caller has its answer and closes.
      return { result: { left }, release: async () => quit() };
    },
  };
}

/** The session was ended by somebody; undefined when the caller leaves before. */
async function untilGone(session: Session, live: LiveSession, signal: AbortSignal): Promise<TpError | undefined> {
  while (session.live() === live) if (!(await rings(live, signal))) return undefined;
  return new TpError('NETWORK_ENDED', 'The session was ended elsewhere, and the network of the cluster with it.', {
    hint: 'Run the command again.',
  });
}

/** False when the signal came first. */
async function rings({ bell }: LiveSession, signal: AbortSignal): Promise<boolean> {
  return bell.wait(Number.POSITIVE_INFINITY, signal).then(
    () => true,
    () => false,
  );
}

/** Deleted by somebody, expired, or gone with its session; undefined when the caller leaves before. */
async function untilEnded(
  session: Session,
  { namespace, name }: InterceptName,
  signal: AbortSignal,
): Promise<TpError | undefined> {
  const live = session.live();
  while (live?.table.get(namespace, name) !== undefined) {
    if (!(await rings(live, signal))) return undefined;
  }
  return new TpError('INTERCEPT_ENDED', `Intercept ${name} in ${namespace} was ended elsewhere, or its time is over.`, {
    hint: `See what there is: kubectl tp list -n ${namespace}`,
  });
}

async function leaveByName(session: Session, namespace: string, name: string): Promise<void> {
  await session.leaveMatching({ all: false, namespace, name });
}
