// The CLI's end of the unix socket: one call to the session process, its progress and its answer.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fromDescription, TpError } from '../errors.ts';
import type { Answer, Request, SessionApi, Verb } from '../ipc/api.ts';
import { nextLine, readLines, writeLine } from '../ipc/lines.ts';
import { credentialsOf, type SessionFiles } from '../ipc/paths.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { VERSION } from '../version.ts';

export type CallOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
  readonly onStartHelper?: (socket: string) => void;
  /** See Request. */
  readonly again?: true;
};

/** A call whose effect lasts until `end`: see `hold` in the API. `over` resolves when it is over before: with the
 * reason, or undefined when the process went away. */
export type HeldCall<V extends Verb> = {
  readonly result: SessionApi[V]['result'];
  readonly over: Promise<TpError | undefined>;
  /** Whether the process says that nothing is left of the effect. */
  end(): Promise<boolean>;
};

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

async function exchange<V extends Verb>(
  files: SessionFiles,
  request: Request<V>,
  { signal, onProgress, onStartHelper }: CallOptions,
): Promise<HeldCall<V> | 'not served'> {
  const socket = await openSocket(files.socket);
  if (socket === undefined) return 'not served';
  // Ending our side is the cancellation; the process then undoes what it did and answers with the error.
  const cancel = () => socket.end();
  signal?.addEventListener('abort', cancel);
  writeLine(socket, request);
  const answers = readLines(socket) as AsyncGenerator<Answer<V>>;
  let isServed = false;
  try {
    if (signal?.aborted) cancel();
    for (;;) {
      const answer = await nextLine(answers);
      if (answer === undefined && !isServed) return 'not served';
      if (answer === undefined) throw lostProcess(files);
      isServed = true;
      if ('progress' in answer) onProgress?.(answer.progress);
      else if ('startHelper' in answer) onStartHelper?.(answer.startHelper);
      else if ('result' in answer) return holdOpen(socket, answers, answer.result);
      else if ('makesRoom' in answer) {
        await closed(socket, undefined);
        if (request.again) throw otherVersion(files);
        return 'not served';
      } else if ('error' in answer) throw await closed(socket, fromDescription(answer.error));
    }
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function holdOpen<V extends Verb>(
  socket: Socket,
  answers: AsyncGenerator<Answer<V>>,
  result: SessionApi[V]['result'],
): HeldCall<V> {
  const last = nextLine(answers).then((answer) => {
    socket.destroy();
    return answer;
  });
  return {
    result,
    over: last.then((answer) => (answer && 'error' in answer ? fromDescription(answer.error) : undefined)),
    async end() {
      socket.end();
      const answer = await last;
      return answer !== undefined && 'ended' in answer;
    },
  };
}

/** Waits until the other side has closed, so that what it did for this call is done. */
async function closed<T>(socket: Socket, value: T): Promise<T> {
  socket.end();
  socket.resume();
  if (!socket.closed) await once(socket, 'close');
  return value;
}

/** Undefined when nobody is there. */
async function openSocket(path: string): Promise<Socket | undefined> {
  const socket = connect({ path, allowHalfOpen: true });
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  // A reset shows when the answer is read.
  socket.on('error', () => socket.destroy());
  return socket;
}

function otherVersion(files: SessionFiles): TpError {
  return new TpError('SESSION_PROCESS_LOST', 'The session process does not serve this version of the plugin.', {
    hint: `End it with \`kubectl tp quit\`, then use one version only. Its log: ${files.log}`,
  });
}

function lostProcess(files: SessionFiles): TpError {
  return new TpError('SESSION_PROCESS_LOST', 'The session process ended before it answered.', {
    hint: `Run the command again: it resumes the session. Why it ended may stand in ${files.log}`,
  });
}
