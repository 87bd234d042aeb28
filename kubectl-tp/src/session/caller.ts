// The CLI's end of the unix socket: one call to the session process, its progress and its answer.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ErrorDescription, TpError } from '../errors.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { VERSION } from '../version.ts';
import type { Answer, Request, SessionApi, Verb } from './api.ts';
import { readLines, writeLine } from './lines.ts';
import { credentialsHash, type SessionFiles } from './paths.ts';

export type CallOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
};

/** A call whose effect lasts until `end`: see `hold` in the API. `lost` resolves when the process went away before. */
export type HeldCall<V extends Verb> = {
  readonly result: SessionApi[V]['result'];
  readonly lost: Promise<void>;
  end(): Promise<void>;
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

/** `restart` makes a new process when the running one makes room for it. */
export function createSessionCaller(
  connection: Connection,
  files: SessionFiles,
  restart: () => Promise<void>,
): SessionCaller {
  async function hold<V extends Verb>(verb: V, args: SessionApi[V]['arguments'], options: CallOptions = {}) {
    const request: Request<V> = { verb, arguments: args, version: VERSION, credentials: credentialsHash(connection) };
    const first = await exchange(files, request, options);
    if (first !== 'makesRoom') return first;
    await restart();
    const second = await exchange(files, request, options);
    if (second !== 'makesRoom') return second;
    throw new TpError('SESSION_PROCESS_LOST', 'Two versions of the plugin take turns on one session.', {
      hint: 'End it with `kubectl tp quit`, then use one version.',
    });
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
  { signal, onProgress }: CallOptions,
): Promise<HeldCall<V> | 'makesRoom'> {
  const socket = await openSocket(files.socket);
  // Ending our side is the cancellation; the process then undoes what it did and answers with the error.
  const cancel = () => socket.end();
  signal?.addEventListener('abort', cancel);
  writeLine(socket, request);
  const answers = readLines(socket) as AsyncGenerator<Answer<V>>;
  try {
    if (signal?.aborted) cancel();
    for (;;) {
      const { value: answer, done } = await answers.next();
      if (done) throw lostProcess(files);
      if ('progress' in answer) onProgress?.(answer.progress);
      else if ('result' in answer) return holdOpen(socket, answers, answer.result);
      else if ('makesRoom' in answer) return await closed(socket, 'makesRoom');
      else throw await closed(socket, fromDescription(answer.error));
    }
  } catch (error) {
    socket.destroy();
    throw error instanceof TpError ? error : lostProcess(files, error);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function holdOpen<V extends Verb>(
  socket: Socket,
  answers: AsyncGenerator<Answer<V>>,
  result: SessionApi[V]['result'],
): HeldCall<V> {
  // The process says nothing more; the next event is its end.
  const lost = answers.next().then(
    () => socket.destroy() && undefined,
    () => undefined,
  );
  return {
    result,
    lost,
    async end() {
      socket.end();
      await lost;
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

async function openSocket(path: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

function fromDescription({ code, message, hint }: ErrorDescription): TpError {
  return new TpError(code, message, { hint });
}

function lostProcess(files: SessionFiles, cause?: unknown): TpError {
  return new TpError('SESSION_PROCESS_LOST', 'The session process ended before it answered.', {
    hint: `Run the command again: it resumes the session. Why it ended may stand in ${files.log}`,
    cause,
  });
}
