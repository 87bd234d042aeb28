// A command with intercepts in a network of its own: the CLI's part, the session process's part and the namespace are
// real; the cluster is this process.

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { decode, encode } from 'dns-packet';
import { NAMESPACES } from '../../../control-plane/src/api/index.ts';
import type { SessionCaller } from '../../../kubectl-tp/src/caller/caller.ts';
import type { HeldCall } from '../../../kubectl-tp/src/caller/exchange.ts';
import type { Tools } from '../../../kubectl-tp/src/command.ts';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import { runHeld } from '../../../kubectl-tp/src/held/run-held.ts';
import type { InterceptRequest, InterceptResult } from '../../../kubectl-tp/src/ipc/intercept-messages.ts';
import { holdInside } from '../../../kubectl-tp/src/session/calls/hold-inside.ts';
import type { LiveSession } from '../../../kubectl-tp/src/session/live-session.ts';
import { createNetworkList } from '../../../kubectl-tp/src/session/networks/network-list.ts';
import type { Session } from '../../../kubectl-tp/src/session/session.ts';
import type { InsideDialer } from '../../../kubectl-tp/src/tunnel/local-target.ts';
import { createBell } from '../../../kubectl-tp/src/waiting/bell.ts';
import { closedPort, startApp } from '../../helpers/loopback.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { createTestDialer } from '../../helpers/test-dialer.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const DB = '10.96.0.9';
const FILE = '/tp-hold-test/settings';
const never = new AbortController().signal;

/** Listens, and writes what it sees of the cluster and of the pod's files. */
const APP = `
  const { lookup } = require('node:dns/promises');
  const { readFileSync, writeFileSync } = require('node:fs');
  const [port, report, name] = process.argv.slice(1);
  const file = () => { try { return readFileSync('${FILE}/key', 'utf8'); } catch { return 'none'; } };
  require('node:net').createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(+port, '127.0.0.1', async () => {
    const found = await lookup(name).then(({ address }) => address, ({ code }) => code);
    writeFileSync(report, JSON.stringify({ db: found, file: file() }));
  });`;

type Scene = {
  readonly port: number;
  readonly report: () => { db: string; file: string } | undefined;
  readonly warnings: string[];
  readonly steps: string[];
  /** Of the newest call. */
  readonly inside: () => InsideDialer | undefined;
  readonly ended: Promise<number>;
  /** As if the session process had been killed. */
  readonly lose: () => void;
  readonly networks: () => number;
  /** Calls whose effect lasts. */
  readonly held: () => number;
};

type Options = {
  readonly network?: 'cluster' | 'laptop';
  readonly open?: () => Promise<never>;
  /** Before anything begins, somebody listens on the port. */
  readonly isTaken?: boolean;
  /** What the call is about can't be ended. */
  readonly staysHeld?: boolean;
};

async function createScene(
  t: ExecutionContext,
  { network, open, isTaken = false, staysHeld = false }: Options = {},
): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'tp-hold-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, 'files');
  mkdirSync(join(root, FILE), { recursive: true });
  writeFileSync(join(root, FILE, 'key'), 'of the pod');
  const port = isTaken ? (await startApp(t, (socket) => socket.end('of the laptop'))).port : await closedPort();
  const live = buildLive();
  const kubernetes = createMemoryKubernetes();
  kubernetes.put(NAMESPACES, { metadata: { name: 'shop' } });
  const session = {
    open: open ?? (async () => live),
    live: () => live,
    hasEnded: () => false,
    cluster: { client: kubernetes.client },
    installNamespace: 'kubectl-tp',
  } as unknown as Session;
  let dialer: InsideDialer | undefined;
  let lose = (): void => undefined;
  let held = 0;

  async function hold(request: InterceptRequest): Promise<HeldCall<'intercept'>> {
    const caller = new AbortController();
    const lost = Promise.withResolvers<undefined>();
    const tools = { signal: caller.signal, progress: () => undefined };
    const outcome = await holdInside<'intercept'>(session, request, tools, async ({ inside }) => {
      // An ingest does not wait for it.
      dialer = await inside?.catch(() => undefined);
      const volumes = { root, mounts: [FILE], missing: [] };
      const release = async () => {
        if (staysHeld) throw new Error('the API server is away');
        held -= 1;
      };
      held += 1;
      return { result: { laptop: { port }, volumes } as unknown as InterceptResult, release };
    });
    // As the server does when the caller closes its end of the connection.
    const end = async () => {
      caller.abort();
      await outcome.release?.();
      return true;
    };
    lose = () => void end().then(() => lost.resolve(undefined));
    return { result: outcome.result, over: lost.promise, end };
  }

  const stop = new AbortController();
  const warnings: string[] = [];
  const steps: string[] = [];
  const caller = { hold: (_verb: string, request: InterceptRequest) => hold(request) } as unknown as SessionCaller;
  const tools = {
    env: process.env,
    signal: stop.signal,
    session: async () => caller,
    progress: { step: (line: string) => steps.push(line), warn: (line: string) => warnings.push(line) },
  } as unknown as Tools;
  const request = { namespace: 'shop', hold: true } as InterceptRequest;
  const report = join(folder, 'report');
  // On the laptop nobody is asked who is not on the laptop.
  const name = network === undefined && open === undefined ? 'db' : 'localhost';
  const command = [process.execPath, '-e', APP, `${port}`, report, name];
  const ended = runHeld({
    verb: 'intercept',
    session: caller,
    request,
    requestAgain: request,
    command,
    network,
    tools,
    onStart: async () => ({}),
  });
  t.teardown(() => ended.catch(() => undefined));
  return {
    port,
    report: () => read(report),
    warnings,
    steps,
    inside: () => dialer,
    ended,
    lose: () => lose(),
    networks: () => live.networks.all().length,
    held: () => held,
  };
}

/** A session whose cluster answers every name with one address. */
function buildLive(): LiveSession {
  const outbound = {
    ...createTestDialer(),
    ask: async (question: Buffer) => {
      const { id, questions = [] } = decode(question);
      const [{ name, type } = { name: '', type: 'A' }] = questions;
      const answers = type === 'A' ? [{ type: 'A' as const, name, ttl: 5, data: DB }] : [];
      return encode({ id: id ?? 0, type: 'response', questions, answers });
    },
    tunnels: { setRelays: () => undefined, status: () => [{ relay: 'relay-0', state: { name: 'up' } }] },
  };
  return {
    identity: { session: 'me' },
    outbound: { take: () => outbound, giveBack: () => undefined },
    networks: createNetworkList(),
    ownServices: { add: () => undefined, find: () => undefined },
    bell: createBell(),
  } as unknown as LiveSession;
}

function read(path: string): { db: string; file: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

async function echo(dial: () => Promise<NodeJS.ReadWriteStream | undefined>): Promise<string | undefined> {
  const stream = await dial();
  stream?.end('there and back');
  return stream === undefined ? undefined : text(stream as NodeJS.ReadableStream).catch((error) => error.code);
}

const onLaptop = async (port: number) => connect({ port, host: '127.0.0.1', allowHalfOpen: true });

test.serial('intercepted connections, browsers and names reach the command and its network', async (t) => {
  const scene = await createScene(t);
  const { port } = scene;
  t.deepEqual(await waitFor('the command', scene.report), { db: DB, file: 'of the pod' });
  t.deepEqual(scene.warnings, []);
  t.true(scene.steps.some((line) => line.includes(`localhost:${port}`)));
  t.is(await echo(async () => scene.inside()?.dial(port, never)), 'there and back');
  t.is(await echo(() => onLaptop(port)), 'there and back');
  t.is(await scene.inside()?.dial(1, never), undefined);
  t.is(scene.networks(), 1);

  const before = scene.inside();
  scene.lose();
  await waitFor('the next session process', () => scene.inside() !== before);
  t.is(await echo(async () => scene.inside()?.dial(port, never)), 'there and back');
  t.is(await echo(() => onLaptop(port)), 'there and back');
  t.is(await before?.dial(port, never), undefined, 'it is closed');

  process.emit('SIGTERM');
  t.is(await scene.ended, 128 + 15);
  t.is(scene.networks(), 0);
  t.is(scene.held(), 0);
  await t.throwsAsync(once(await onLaptop(port), 'connect'), { code: 'ECONNREFUSED' });
});

test.serial('an effect that can not be ended keeps no network', async (t) => {
  const scene = await createScene(t, { staysHeld: true });
  await waitFor('the command', scene.report);
  t.is(scene.networks(), 1);
  process.emit('SIGTERM');
  await t.throwsAsync(scene.ended, { message: 'the API server is away' });
  t.is(scene.networks(), 0);
  await t.throwsAsync(once(await onLaptop(scene.port), 'connect'), { code: 'ECONNREFUSED' });
});

test.serial('a port that the laptop uses itself is told', async (t) => {
  const scene = await createScene(t, { isTaken: true });
  await waitFor('the command', scene.report);
  t.true(
    scene.steps.includes(
      `Port ${scene.port} of this laptop belongs to another program: it does not lead to the command.`,
    ),
  );
  t.is(await echo(() => onLaptop(scene.port)), 'of the laptop');
  t.is(await echo(async () => scene.inside()?.dial(scene.port, never)), 'there and back');
  process.emit('SIGTERM');
  await scene.ended;
});

test.serial('without a way into the cluster the command is on the laptop, with the reason', async (t) => {
  const open = () => Promise.reject(new TpError('NOT_INSTALLED', 'The cluster part is not installed.'));
  const scene = await createScene(t, { open });
  t.is((await waitFor('the command', scene.report)).file, 'none');
  t.is(scene.inside(), undefined);
  t.regex(scene.warnings.join(), /^The cluster part is not installed\. So the command is in the laptop's network/);
  t.is(await echo(() => onLaptop(scene.port)), 'there and back');
  process.emit('SIGTERM');
  await scene.ended;
  const required = await createScene(t, { open, network: 'cluster' });
  await t.throwsAsync(required.ended, { code: 'NOT_INSTALLED' });
  t.is(required.held(), 0);
});

test.serial('who wants the laptop gets it without a word', async (t) => {
  const scene = await createScene(t, { network: 'laptop' });
  t.is((await waitFor('the command', scene.report)).file, 'none');
  t.is(scene.inside(), undefined);
  t.deepEqual(scene.warnings, []);
  process.emit('SIGTERM');
  await scene.ended;
});
