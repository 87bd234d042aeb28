// The CLI's calls to the session process: those that it does not serve are made again on a new process.

import type { Request, SessionApi, Verb } from '../ipc/api.ts';
import { credentialsOf, type SessionFiles } from '../ipc/paths.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { VERSION } from '../version.ts';
import { type CallOptions, exchange, type HeldCall, otherVersion } from './exchange.ts';

export type SessionCaller = {
  readonly files: SessionFiles;
  call<V extends Verb>(
    verb: V,
    args: SessionApi[V]['arguments'],
    options?: CallOptions,
  ): Promise<SessionApi[V]['result']>;
  hold<V extends Verb>(verb: V, args: SessionApi[V]['arguments'], options?: CallOptions): Promise<HeldCall<V>>;
};

/**
 * `restart` makes a new process: when the running one makes room for it, or was killed before it said a word. Every
 * call may be made again, so a call that nobody answered is.
 */
export function createSessionCaller(
  connection: Connection,
  files: SessionFiles,
  restart: () => Promise<void>,
): SessionCaller {
  async function hold<V extends Verb>(verb: V, args: SessionApi[V]['arguments'], options: CallOptions = {}) {
    const { again } = options;
    const request: Request<V> = {
      verb,
      arguments: args,
      version: VERSION,
      credentials: credentialsOf(connection),
      ...(again && { again }),
    };
    const first = await exchange(files, request, options);
    if (first !== 'not served') return first;
    await restart();
    const second = await exchange(files, request, options);
    if (second !== 'not served') return second;
    throw otherVersion(files);
  }

  return {
    files,
    hold,
    async call(verb, args, options) {
      const held = await hold(verb, args, options);
      await held.end();
      return held.result;
    },
  };
}
