// What the session process does for each call.

import type { Connection } from '../kubernetes/connection.ts';
import { intercept } from './intercept.ts';
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
      await session.resume();
      const result = await intercept(session, request, tools);
      if (!request.hold) return { result };
      return { result, release: () => leaveByName(session, result.namespace, result.name) };
    },

    async leave({ arguments: request }) {
      await session.resume();
      return { result: { left: await session.leaveMatching(request) } };
    },

    async status() {
      await session.resume();
      return { result: await buildReport({ session, connection, files }) };
    },

    async quit() {
      await session.resume();
      const left = await session.end();
      // Ends the process once the caller has its answer and closes.
      return { result: { left }, release: async () => quit() };
    },
  };
}

async function leaveByName(session: Session, namespace: string, name: string): Promise<void> {
  await session.leaveMatching({ all: false, namespace, name });
}
