// The unix socket between CLI and session process: calls, cancellation, held calls, and who gets the socket.

import { writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createSessionCaller } from '../../../kubectl-tp/src/caller/caller.ts';
import { quitAll } from '../../../kubectl-tp/src/caller/quit-all.ts';
import { EXIT, TpError } from '../../../kubectl-tp/src/errors.ts';
import type { InterceptRequest, InterceptResult } from '../../../kubectl-tp/src/ipc/intercept-messages.ts';
import { isAnswering } from '../../../kubectl-tp/src/ipc/is-answering.ts';
import {
  createSessionFolder,
  credentialsOf,
  type SessionFiles,
  sessionFiles,
} from '../../../kubectl-tp/src/ipc/paths.ts';
import type { Connection } from '../../../kubectl-tp/src/kubernetes/connection.ts';
import { createSessionServer, type Handlers } from '../../../kubectl-tp/src/session/calls/server.ts';
import { takeSocket } from '../../../kubectl-tp/src/session/takeover.ts';
import { VERSION } from '../../../kubectl-tp/src/version.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const CONNECTION: Connection = {
  context: 'dev',
  namespace: 'shop',
  installNamespace: 'kubectl-tp',
  cluster: { name: 'dev', value: { server: 'https://dev.test' } },
  user: { name: 'ann', value: { token: 'one' } },
  impersonate: { groups: [] },
};

async function createFiles(t: ExecutionContext): Promise<SessionFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-socket-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = (ending: string) => join(folder, `s.${ending}`);
  return {
    id: 's',
    socket: path('sock'),
    log: path('log'),
    lock: path('lock'),
    helper: path('root'),
    identity: path('identity.json'),
    volumes: path('volumes'),
  };
}

const unused = async (): Promise<never> => {
  throw new Error('not part of this test');
};
const HANDLERS: Handlers = {
  intercept: unused,
  replace: unused,
  ingest: unused,
  connect: unused,
  leave: unused,
  status: unused,
  quit: unused,
};

type Serving = { files: SessionFiles; running: () => number };

type ServeOptions = { version?: string; files?: SessionFiles };

async function serve(t: ExecutionContext, handlers: Partial<Handlers>, options: ServeOptions = {}): Promise<Serving> {
  const { version = VERSION, files = await createFiles(t) } = options;
  let running = 0;
  const server = createSessionServer({
    handlers: { ...HANDLERS, ...handlers },
    version,
    credentials: credentialsOf(CONNECTION),
    onForeign: () => void server.close(),
    onActivity: (count) => {
      running = count;
    },
    log: () => undefined,
  });
  t.true(await takeSocket(server, files));
  t.teardown(() => server.close());
  return { files, running: () => running };
}

const neverRestart = async () => {
  throw new Error('must not restart');
};
const RESULT = { name: 'x' } as InterceptResult;
const REQUEST = {} as InterceptRequest;

test('a call gives its progress, then its result', async (t) => {
  const { files } = await serve(t, {
    async leave({ arguments: request, progress }) {
      progress('one');
      progress('two');
      return { result: { left: [{ namespace: 'shop', name: JSON.stringify(request) }] } };
    },
  });
  const said: string[] = [];
  const caller = createSessionCaller(CONNECTION, files, neverRestart);
  const answer = await caller.call('leave', { all: true }, { onProgress: (text) => said.push(text) });
  t.deepEqual(said, ['one', 'two']);
  t.deepEqual(answer, { left: [{ namespace: 'shop', name: '{"all":true}' }] });
});

test('who has the terminal is asked for a root helper, and what that did is the result', async (t) => {
  const asked = Promise.withResolvers<string>();
  const { files } = await serve(t, {
    async leave({ startHelper }) {
      startHelper('/run/user/root');
      return { result: { left: [{ namespace: '', name: await asked.promise }] } };
    },
  });
  const caller = createSessionCaller(CONNECTION, files, neverRestart);
  const answer = await caller.call('leave', { all: true }, { onStartHelper: asked.resolve });
  t.is(answer.left[0]?.name, '/run/user/root');
});

test('an error keeps its code and next step', async (t) => {
  const { files } = await serve(t, {
    async leave() {
      throw new TpError('CONFLICT', 'taken', { hint: 'wait' });
    },
  });
  const caller = createSessionCaller(CONNECTION, files, neverRestart);
  const error = await t.throwsAsync(caller.call('leave', { all: true }));
  t.like(error, { code: 'CONFLICT', message: 'taken', hint: 'wait' });
});

test('cancelling tells the handler and waits until it has undone its work', async (t) => {
  let undone = false;
  const { files } = await serve(t, {
    async intercept({ signal, progress }) {
      progress('working');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      undone = true;
      throw signal.reason;
    },
  });
  const cancel = new AbortController();
  const caller = createSessionCaller(CONNECTION, files, neverRestart);
  const call = caller.call('intercept', REQUEST, { signal: cancel.signal, onProgress: () => cancel.abort() });
  t.like(await t.throwsAsync(call), { code: 'INTERRUPTED' });
  t.true(undone);
  t.is(EXIT.interrupted, 130);
});

test('a held call lasts until its caller ends it', async (t) => {
  let released = false;
  const { files } = await serve(t, {
    intercept: async () => ({
      result: RESULT,
      release: async () => {
        released = true;
      },
    }),
  });
  const held = await createSessionCaller(CONNECTION, files, neverRestart).hold('intercept', REQUEST);
  t.deepEqual(held.result, RESULT);
  t.false(released);
  t.true(await held.end());
  t.true(released);
});

test('a held call whose effect can not be ended, or whose process goes, says so', async (t) => {
  const fails = { result: RESULT, release: () => Promise.reject(new Error('the API server is away')) };
  const { files } = await serve(t, { intercept: async () => fails });
  const held = await createSessionCaller(CONNECTION, files, neverRestart).hold('intercept', REQUEST);
  t.false(await held.end());
});

test('an intercept that ends elsewhere ends its held call, with the reason', async (t) => {
  let released = false;
  const over = Promise.withResolvers<TpError>();
  const { files } = await serve(t, {
    intercept: async () => ({
      result: RESULT,
      ended: over.promise,
      release: async () => {
        released = true;
      },
    }),
  });
  const held = await createSessionCaller(CONNECTION, files, neverRestart).hold('intercept', REQUEST);
  over.resolve(new TpError('INTERCEPT_ENDED', 'deleted by bob'));
  t.like(await held.over, { code: 'INTERCEPT_ENDED', message: 'deleted by bob' });
  await held.end();
  await waitFor('what may be left of it is ended', () => released);
});

test('a process of another version makes room, and the call is made again on the new one', async (t) => {
  const old = await serve(t, {}, { version: '0.0.1' });
  const caller = createSessionCaller(CONNECTION, old.files, async () => {
    const server = createSessionServer({
      handlers: { ...HANDLERS, leave: async () => ({ result: { left: [] } }) },
      version: VERSION,
      credentials: credentialsOf(CONNECTION),
      onForeign: () => undefined,
      onActivity: () => undefined,
      log: () => undefined,
    });
    t.teardown(() => server.close());
    await takeSocket(server, old.files);
  });
  t.deepEqual(await caller.call('leave', { all: true }), { left: [] });
});

const RENEWED: Connection = { ...CONNECTION, user: { name: 'ann', value: { token: 'two' } } };

test('two commands whose credentials differ come to rest with one process', async (t) => {
  const files = await createFiles(t);
  let processes = 0;
  const start = async (connection: Connection) => {
    const server = createSessionServer({
      handlers: { ...HANDLERS, intercept: async () => ({ result: RESULT, release: async () => undefined }) },
      version: VERSION,
      credentials: credentialsOf(connection),
      onForeign: () => void server.close(),
      onActivity: () => undefined,
      log: () => undefined,
    });
    t.teardown(() => server.close());
    processes += 1;
    await takeSocket(server, files);
  };
  await start(CONNECTION);
  const [first, second] = [CONNECTION, RENEWED].map((one) => createSessionCaller(one, files, () => start(one)));
  if (first === undefined || second === undefined) return t.fail();
  const lost = await first.hold('intercept', REQUEST);
  const held = await second.hold('intercept', REQUEST);
  t.is(processes, 2, 'a new command brings its credentials');
  const again = await first.hold('intercept', REQUEST, { again: true });
  t.is(processes, 2);
  t.true(await isAnswering(files.socket));
  await Promise.all([lost, held, again].map((one) => one.end()));
});

test('a process of another version stays when a command of this one is taken up again', async (t) => {
  const { files } = await serve(t, {}, { version: '9.9.9' });
  const caller = createSessionCaller(CONNECTION, files, neverRestart);
  const again = caller.hold('intercept', REQUEST, { again: true });
  await t.throwsAsync(again, { code: 'SESSION_PROCESS_LOST', message: /this version/ });
  t.true(await isAnswering(files.socket));
});

test('other credentials are other words for the process', (t) => {
  t.not(credentialsOf(CONNECTION), credentialsOf(RENEWED));
});

test('a renewed token of the same kubeconfig entry is the same session; another user or server is not', (t) => {
  const env = { XDG_RUNTIME_DIR: '/run/u' };
  const idOf = (change: Partial<Connection>) => sessionFiles({ ...CONNECTION, ...change }, env).id;
  const ann = (token: string) => ({ name: 'ann', value: { token }, file: '/home/ann/config' });
  t.is(idOf({ user: ann('one') }), idOf({ user: ann('two'), context: 'alias', namespace: 'other' }));
  const ids = [
    idOf({ user: ann('one') }),
    idOf({ user: { ...ann('one'), name: 'bob' } }),
    idOf({ user: { ...ann('one'), file: '/home/bob/config' } }),
    idOf({ user: ann('one'), impersonate: { user: 'boss', groups: [] } }),
    idOf({ user: ann('one'), cluster: { name: 'dev', value: { server: 'https://other.test' } } }),
    idOf({ user: ann('one'), installNamespace: 'tools' }),
  ];
  t.is(new Set(ids).size, ids.length);
});

test('a folder too deep for a socket is told at once', (t) => {
  t.throws(() => sessionFiles(CONNECTION, { XDG_RUNTIME_DIR: `/${'x'.repeat(100)}` }), { message: /too long/ });
});

test('of processes that start together one gets the socket, which only its owner can reach', async (t) => {
  const files = await createFiles(t);
  const servers = Array.from({ length: 5 }, () => createServer());
  t.teardown(() => servers.map((server) => server.close()));
  const taken = await Promise.all(servers.map((server) => takeSocket(server, files)));
  t.is(taken.filter((isMine) => isMine).length, 1);
  t.is((await stat(files.socket)).mode & 0o777, 0o600);
  t.true(await isAnswering(files.socket));
  t.deepEqual(await readdir(join(files.socket, '..')), ['s.sock'], 'no lock is left');
});

test('what a killed process left behind blocks nobody', async (t) => {
  const files = await createFiles(t);
  await writeFile(files.socket, '');
  await writeFile(files.lock, '1 killed');
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(files.lock, longAgo, longAgo);
  const server = createServer();
  t.teardown(() => server.close());
  t.true(await takeSocket(server, files));
  t.true(await isAnswering(files.socket));
});

test('garbage on the socket harms nobody else', async (t) => {
  const { files, running } = await serve(t, { leave: async () => ({ result: { left: [] } }) });
  const { connect } = await import('node:net');
  const stranger = connect(files.socket);
  stranger.end('GET / HTTP/1.1\n\n');
  stranger.resume();
  await new Promise((resolve) => stranger.once('close', resolve));
  const caller = createSessionCaller(CONNECTION, files, neverRestart);
  t.deepEqual(await caller.call('leave', { all: true }), { left: [] });
  t.true(running() <= 1);
});

test('who was asleep for longer than its lock holds gives back what is its own, and nothing else', async (t) => {
  const files = await createFiles(t);
  const server = createServer();
  t.teardown(() => server.close());
  const listen = server.listen.bind(server);
  // Another one has taken the stale lock, and is about to take the socket.
  server.listen = ((path: string, onListening: () => void) => {
    writeFileSync(files.lock, '7 of another');
    return listen(path, onListening);
  }) as typeof server.listen;
  t.true(await takeSocket(server, files));
  t.is(await readFile(files.lock, 'utf8'), '7 of another');
});

test('processes end also for who knows none of their connections', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-socket-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const env = { XDG_RUNTIME_DIR: folder };
  t.deepEqual(await quitAll(env, {}), []);
  createSessionFolder(env);
  for (const server of ['https://one.test', 'https://two.test']) {
    const connection = { ...CONNECTION, cluster: { name: 'dev', value: { server } } };
    const quit = async () => ({ result: { left: [{ namespace: 'shop', name: server }] } });
    await serve(t, { quit }, { files: sessionFiles(connection, env) });
  }
  await writeFile(sessionFiles(CONNECTION, env).socket, 'of a killed one');
  const results = await quitAll(env, {});
  t.deepEqual(results.flatMap(({ left }) => left.map(({ name }) => name)).toSorted(), [
    'https://one.test',
    'https://two.test',
  ]);
});
