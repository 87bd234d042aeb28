// The session process's end of its root helper: waits for it on a socket that only this user and root can reach, and
// asks it for one thing after another.
//
// The helper holds the connection, not the CLI that had the terminal for sudo: the network of a laptop lasts as long as
// this process, and the kernel tells the helper at once when it is gone, however it ended.

import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { fromDescription, TpError } from '../../errors.ts';
import { nextLine, readLines, writeLine } from '../../ipc/lines.ts';
import type { HelperAnswer, HelperApi, HelperRequest, HelperVerb } from '../helper/messages.ts';

export type HelperCaller = {
  readonly pid: number;
  /** Throws what the helper says, or HELPER_FAILED when it is gone. */
  call<V extends HelperVerb>(verb: V, args: HelperApi[V]['arguments']): Promise<HelperApi[V]['result']>;
  /** `undone`: it put everything back and ended. `killed`: nobody did. */
  readonly ended: Promise<'undone' | 'killed'>;
  /** Resolves when everything is as it was before. */
  end(): Promise<void>;
};

/** Resolves when a helper is there that `start` has told the path to. Throws the signal's reason, or its refusal. */
export async function awaitHelper(
  path: string,
  { start, signal }: { start: (path: string) => void; signal: AbortSignal },
): Promise<HelperCaller> {
  await rm(path, { force: true });
  const server = createServer({ allowHalfOpen: true }).listen(path);
  try {
    await once(server, 'listening', { signal });
    await chmod(path, 0o600);
    start(path);
    const [socket] = (await once(server, 'connection', { signal })) as [Socket];
    return await createHelperCaller(socket);
  } finally {
    // Takes the file away, too. What is connected stays.
    server.close();
  }
}

async function createHelperCaller(socket: Socket): Promise<HelperCaller> {
  socket.on('error', () => socket.destroy());
  const answers = readLines(socket) as AsyncGenerator<HelperAnswer>;
  const ended = Promise.withResolvers<'undone' | 'killed'>();
  const first = await nextLine(answers);
  if (first === undefined || !('hello' in first)) {
    socket.destroy();
    throw first !== undefined && 'error' in first ? fromDescription(first.error) : gone();
  }
  const waiting: PromiseWithResolvers<HelperAnswer>[] = [];
  void listen();

  async function listen(): Promise<void> {
    let last: HelperAnswer | undefined;
    for (let answer = await nextLine(answers); answer !== undefined; answer = await nextLine(answers)) {
      last = answer;
      if (!('ended' in answer)) waiting.shift()?.resolve(answer);
    }
    socket.destroy();
    ended.resolve(last !== undefined && 'ended' in last ? 'undone' : 'killed');
    for (const call of waiting.splice(0)) call.reject(gone());
  }

  return {
    pid: first.hello.pid,
    ended: ended.promise,
    async call<V extends HelperVerb>(verb: V, args: HelperApi[V]['arguments']) {
      if (!socket.writable) throw gone();
      const answered = Promise.withResolvers<HelperAnswer>();
      waiting.push(answered);
      writeLine(socket, { verb, arguments: args } as HelperRequest);
      const answer = (await answered.promise) as HelperAnswer<V>;
      if ('result' in answer) return answer.result;
      throw 'error' in answer ? fromDescription(answer.error) : gone();
    },
    async end() {
      socket.end();
      await ended.promise;
    },
  };
}

function gone(): TpError {
  return new TpError('HELPER_FAILED', 'The root helper has ended.', {
    hint: 'To put this laptop in order: kubectl tp quit',
  });
}
