// Builds the tools a command works with, from the flags and the process it runs in.

import { findSession, startSession } from './caller/start.ts';
import type { Tools } from './command.ts';
import { type Connection, type ConnectionFlags, resolveConnection } from './kubernetes/connection.ts';
import type { Printer } from './output/printer.ts';
import type { Progress } from './output/progress.ts';

export type ContextOptions = {
  readonly flags: ConnectionFlags;
  readonly env: NodeJS.ProcessEnv;
  readonly printer: Printer;
  readonly progress: Progress;
  readonly signal: AbortSignal;
};

/** Connection and session are looked for when a command first asks. */
export function createTools({ flags, env, printer, progress, signal }: ContextOptions): Tools {
  let resolved: Promise<Connection> | undefined;
  const connection = () => {
    resolved ??= resolveConnection(flags, env);
    return resolved;
  };
  return {
    flags,
    env,
    printer,
    progress,
    signal,
    connection,
    async session() {
      return startSession(await connection(), env);
    },
    async existingSession(options) {
      return findSession(await connection(), env, options);
    },
    async cluster() {
      const { createCluster } = await import('./kubernetes/client.ts');
      return createCluster(await connection());
    },
  };
}
