// One connection to the session process: a call, its progress and its answer.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fromDescription, TpError } from '../errors.ts';
import type { Answer, Request, SessionApi, Verb } from '../ipc/api.ts';
import { nextLine, readLines, writeLine } from '../ipc/lines.ts';
import type { SessionFiles } from '../ipc/paths.ts';

export type CallOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
  readonly onStartHelper?: (socket: string) => void;
  /** See Request. */
  readonly again?: true;
};

/**
 * A call whose effect lasts until `end`: see `hold` in the API. `over` resolves when it is over before: with the reason,
 * or undefined when the process went away.
 */
export type HeldCall<V extends Verb> = {
  readonly result: SessionApi[V]['result'];
  readonly over: Promise<TpError | undefined>;
  /** Whether the process says that nothing is left of the effect. */
  end(): Promise<boolean>;
};

/** `not served`: nobody is there or has said a word, or the process makes room for a new one. */
export async function exchange<V extends Verb>(
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

export function otherVersion(files: SessionFiles): TpError {
  return new TpError('SESSION_PROCESS_LOST', 'The session process does not serve this version of the plugin.', {
    hint: `End it with \`kubectl tp quit\`, then use one version only. Its log: ${files.log}`,
  });
}

function lostProcess(files: SessionFiles): TpError {
  return new TpError('SESSION_PROCESS_LOST', 'The session process ended before it answered.', {
    hint: `Run the command again: it resumes the session. Why it ended may stand in ${files.log}`,
  });
}
