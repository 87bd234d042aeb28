// Answers calls on the unix socket: one connection, one call. The caller's end of the connection aborts the call.

import { createServer, type Server, type Socket } from 'node:net';
import { describeError, TpError } from '../../errors.ts';
import type { Request, SessionApi, Verb } from '../../ipc/api.ts';
import { readLines, writeLine } from '../../ipc/lines.ts';
import type { Log } from '../../log.ts';

export type Call<V extends Verb> = {
  readonly arguments: SessionApi[V]['arguments'];
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
  /** Asks the caller, who has the terminal, for a root helper on that socket. */
  readonly startHelper: (socket: string) => void;
};

/**
 * With `release`, the effect of a call lasts until its caller ends the connection; then `release` is called. Unless
 * `ended` resolves with an error before: then the caller is told why it is over, before `release`.
 */
export type Outcome<V extends Verb> = {
  result: SessionApi[V]['result'];
  release?: () => Promise<void>;
  ended?: Promise<TpError | undefined>;
};

export type Handlers = { readonly [V in Verb]: (call: Call<V>) => Promise<Outcome<V>> };

export type ServerOptions = {
  readonly handlers: Handlers;
  /** Of this process. */
  readonly version: string;
  readonly credentials: string;
  /** Called with a request of others, unless it is made again. */
  readonly onForeign: () => void;
  /** A call began or ended. */
  readonly onActivity: (running: number) => void;
  readonly log: Log;
};

export function createSessionServer(options: ServerOptions): Server {
  let running = 0;
  return createServer({ allowHalfOpen: true }, async (socket) => {
    options.onActivity(++running);
    // Without a listener a caller's crash would be ours; the call sees it as its signal.
    socket.on('error', (error) => options.log('a caller broke off', { error: error.message }));
    try {
      await answer(socket, options);
    } catch (error) {
      options.log('a call failed', { error: String(error) });
      socket.destroy();
    } finally {
      options.onActivity(--running);
    }
  });
}

async function answer(socket: Socket, options: ServerOptions): Promise<void> {
  const lines = readLines(socket);
  const { value: request, done } = await lines.next();
  if (done) return void socket.end();
  const parsed = parseRequest(request);
  if (parsed === undefined || !isMine(parsed, options)) {
    writeLine(socket, { makesRoom: true });
    socket.end();
    return parsed?.again ? undefined : options.onForeign();
  }
  const caller = new AbortController();
  const callerEnded = lines.next().finally(() => caller.abort(interrupted()));
  callerEnded.catch((error) => options.log('a caller broke off', { error: String(error) }));
  await runCall(socket, parsed, { options, signal: caller.signal, callerEnded });
  socket.end();
}

function isMine({ version, credentials, again }: Request, mine: ServerOptions): boolean {
  return version === mine.version && (again === true || credentials === mine.credentials);
}

type Running = { options: ServerOptions; signal: AbortSignal; callerEnded: Promise<unknown> };

async function runCall(socket: Socket, request: Request, { options, signal, callerEnded }: Running): Promise<void> {
  const { verb } = request;
  const handler = options.handlers[verb] as (call: Call<Verb>) => Promise<Outcome<Verb>>;
  const progress = (text: string) => writeLine(socket, { progress: text });
  try {
    const startHelper = (path: string) => writeLine(socket, { startHelper: path });
    const call = { arguments: request.arguments, signal, progress, startHelper };
    const { result, release, ended } = await handler(call);
    writeLine(socket, { result });
    if (release === undefined) return;
    const left = callerEnded.then(
      () => undefined,
      () => undefined,
    );
    const why = await Promise.race([left, ...(ended === undefined ? [] : [ended])]);
    if (why !== undefined) writeLine(socket, { error: describeError(why) });
    // Also of an effect that ended elsewhere something may be left.
    await release();
    if (why === undefined) writeLine(socket, { ended: true });
  } catch (error) {
    const shown = signal.aborted && !(error instanceof TpError) ? interrupted() : error;
    const description = describeError(shown);
    const stack = description.code === 'INTERNAL' && error instanceof Error ? { stack: error.stack } : {};
    options.log('a call was refused', { verb, ...description, ...stack });
    writeLine(socket, { error: description });
  }
}

const VERBS: Readonly<Record<Verb, true>> = {
  intercept: true,
  replace: true,
  ingest: true,
  connect: true,
  leave: true,
  status: true,
  quit: true,
};

/** Undefined for what another version may have sent. */
function parseRequest(value: unknown): Request | undefined {
  const { verb, version, credentials } = value as Partial<Request>;
  const isKnown = typeof verb === 'string' && Object.hasOwn(VERBS, verb);
  return isKnown && typeof version === 'string' && typeof credentials === 'string' ? (value as Request) : undefined;
}

function interrupted(): TpError {
  return new TpError('INTERRUPTED', 'Interrupted; nothing is left behind.');
}
