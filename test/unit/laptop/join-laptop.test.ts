// The CLI's part: who starts the helper hears why it does not start, and the session process that waits for one gives up.

import test from 'ava';
import type { SessionCaller } from '../../../kubectl-tp/src/caller/caller.ts';
import type { CallOptions } from '../../../kubectl-tp/src/caller/exchange.ts';
import type { Tools } from '../../../kubectl-tp/src/command.ts';
import { joinLaptop, type LaptopWish } from '../../../kubectl-tp/src/commands/join-laptop.ts';
import { createProgress } from '../../../kubectl-tp/src/output/progress.ts';
import type { Connected } from '../../../kubectl-tp/src/session/networks/connect.ts';
import { createLaptopSlot } from '../../../kubectl-tp/src/session/networks/laptop-slot.ts';
import type { Session } from '../../../kubectl-tp/src/session/session.ts';
import { createBell } from '../../../kubectl-tp/src/waiting/bell.ts';
import { unlessAborted } from '../../../kubectl-tp/src/waiting/unless-aborted.ts';
import { AS_ORDINARY_USER, runToEnd } from '../../helpers/processes.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const START_HELPER = new URL('../../../kubectl-tp/src/network/laptop/start-helper.ts', import.meta.url);
const WISH: LaptopWish = { namespace: 'shop', timeoutMs: 1000, alsoProxy: [], neverProxy: [], helperCommand: 'sudo' };

test('what sudo and its like answer', async (t) => {
  // In the place of sudo, by options or without.
  for (const [command, said] of [
    ['no-such-program', 'HELPER_MISSING'],
    ['', 'HELPER_MISSING'],
    ['false', 'HELPER_REFUSED'],
    ['/bin/sh -c false', 'HELPER_REFUSED'],
    ['true', 'started'],
    ['env -i', 'HELPER_REFUSED'],
  ]) {
    const script = `import { startHelper } from '${START_HELPER}';
await startHelper({ command: '${command}', socket: '/nowhere', env: process.env }).then(
  () => console.log('started'), ({ code }) => console.log(code));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { stdout } = await runToEnd([...AS_ORDINARY_USER, ...node]);
    t.is(stdout, `${said}\n`, command);
  }
});

test('a helper that does not start ends the wait for it, with the reason', async (t) => {
  const said: (string | undefined)[] = [];
  const session = {
    async call(verb: string, request: object, { onStartHelper, signal }: CallOptions) {
      said.push(verb, JSON.stringify(request));
      onStartHelper?.('/nowhere');
      await unlessAborted(new Promise(() => undefined), signal ?? AbortSignal.abort());
    },
  } as unknown as SessionCaller;
  const tools = {
    env: process.env,
    signal: new AbortController().signal,
    progress: createProgress({ write: () => true, isTTY: false }),
    session: async () => session,
  } as unknown as Tools;
  await t.throwsAsync(joinLaptop(tools, WISH), { code: 'HELPER_REFUSED' });
  t.deepEqual(said, [
    'connect',
    '{"namespace":"shop","timeoutMs":1000,"entry":{"kind":"laptop","alsoProxy":[],"neverProxy":[]}}',
  ]);
  await t.throwsAsync(joinLaptop(tools, { ...WISH, alsoProxy: ['127.0.0.1'] }), { code: 'BAD_RANGE' });
});

test('the laptop has one network at a time, and none when its session is gone', async (t) => {
  const left: string[] = [];
  const live = { bell: createBell() };
  let current: object | undefined = live;
  const session = { hasEnded: (one: object) => one !== current } as unknown as Session;
  const said: string[] = [];
  const slot = createLaptopSlot(session, (text) => said.push(text));
  let state = 'running';
  const over = Promise.withResolvers<void>();
  const connected = (name: string, ends?: Promise<void>) =>
    ({
      result: { session: name },
      live,
      opened: { laptop: () => ({ interface: 'tp0', helper: { pid: 1, state } }), over: ends },
      leave: async () => void left.push(name),
    }) as unknown as Connected;

  const slow = Promise.withResolvers<Connected>();
  const joining = slot.join(() => slow.promise);
  await t.throwsAsync(
    slot.join(async () => connected('never')),
    { code: 'LAPTOP_TAKEN' },
  );
  slow.resolve(connected('first'));
  t.is((await joining).session, 'first');
  await t.throwsAsync(
    slot.join(async () => connected('never')),
    { code: 'LAPTOP_TAKEN', message: /by interface tp0/ },
  );
  t.deepEqual(left, []);

  // Of a killed helper: a new one takes its place.
  state = 'killed';
  await slot.join(async () => connected('second', over.promise));
  t.deepEqual(left, ['first']);
  over.resolve();
  await waitFor('the network to be left', () => left.includes('second'));

  await slot.join(async () => connected('third'));
  current = undefined;
  live.bell.ring();
  await waitFor('the network to be left with its session', () => left.includes('third'));
  await slot.leave();
  t.deepEqual(left, ['first', 'second', 'third']);

  // What it stood for is gone, and nobody waits for its end: it must not end the session process.
  current = live;
  t.deepEqual(said, []);
  const leave = () => Promise.reject(new Error('the helper does not answer'));
  await slot.join(async () => ({ ...connected('fourth', Promise.resolve()), leave }));
  await waitFor('the failure to be told', () => said.includes("the laptop's network was not left"));
});
