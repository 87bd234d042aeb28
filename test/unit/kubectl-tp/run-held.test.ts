// A command that lives with its intercept.

import test from 'ava';
import type { SessionCaller } from '../../../kubectl-tp/src/caller/caller.ts';
import type { CallOptions, HeldCall } from '../../../kubectl-tp/src/caller/exchange.ts';
import type { Tools } from '../../../kubectl-tp/src/command.ts';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import { runHeld } from '../../../kubectl-tp/src/held/run-held.ts';
import type { InterceptRequest, InterceptResult } from '../../../kubectl-tp/src/ipc/intercept-messages.ts';
import { unlessAborted } from '../../../kubectl-tp/src/waiting/unless-aborted.ts';

type Scene = { run: (code: string) => Promise<number>; warnings: string[]; isLeft: () => boolean };

function createScene(over: HeldCall<'intercept'>['over'], other?: SessionCaller): Scene {
  const warnings: string[] = [];
  let isLeft = false;
  const held = {
    result: {} as InterceptResult,
    over,
    end: async () => {
      isLeft = true;
      return true;
    },
  };
  const session = other ?? ({ hold: async () => held } as unknown as SessionCaller);
  const tools = {
    env: process.env,
    signal: new AbortController().signal,
    session: async () => session,
    progress: { step: () => undefined, warn: (text: string) => warnings.push(text) },
  } as unknown as Tools;
  const request = {} as InterceptRequest;
  return {
    run: (code) =>
      runHeld({
        verb: 'intercept',
        session,
        request,
        requestAgain: request,
        command: [process.execPath, '-e', code],
        network: 'laptop',
        tools,
        onStart: async () => ({}),
      }),
    warnings,
    isLeft: () => isLeft,
  };
}

const never = new Promise<undefined>(() => undefined);

test("the command's own end is told by its exit code", async (t) => {
  const { run, isLeft } = createScene(never);
  t.is(await run('process.exit(7)'), 7);
  t.true(isLeft());
});

test('an intercept that ends elsewhere ends the command, with the reason', async (t) => {
  const ended = new TpError('INTERCEPT_ENDED', 'Intercept orders-1 was ended elsewhere.');
  const { run, warnings } = createScene(Promise.resolve(ended));
  t.is(await t.throwsAsync(run('setInterval(() => undefined, 1000)')), ended);
  t.regex(warnings.join('\n'), /ended elsewhere.*Ending the command/);
});

test('a command whose session process goes before it has left the intercept leaves it through the next one', async (t) => {
  const left: unknown[] = [];
  const session = {
    hold: async () => ({ result: { namespace: 'shop', name: 'orders-1' }, over: never, end: async () => false }),
    call: async (...call: unknown[]) => void left.push(call.slice(0, 2)),
  } as unknown as SessionCaller;
  const { run } = createScene(never, session);
  t.is(await run('process.exit(0)'), 0);
  t.deepEqual(left, [['leave', { all: false, namespace: 'shop', name: 'orders-1' }]]);
});

test.serial(
  'a command that ends while its intercept is taken up again gives the prompt back, and leaves it',
  async (t) => {
    const lost = { result: { namespace: 'shop', name: 'orders-1' }, over: Promise.resolve(undefined) };
    const warnings: string[] = [];
    const left: unknown[] = [];
    let held = 0;
    const session = {
      async hold(_verb: string, _request: object, { signal = AbortSignal.abort() }: CallOptions) {
        held += 1;
        if (held === 1) return lost;
        // As a pod whose image is being pulled: only the caller's end ends this.
        process.emit('SIGTERM');
        return unlessAborted(new Promise(() => undefined), signal);
      },
      call: async (...call: unknown[]) => void left.push(call.slice(0, 2)),
    } as unknown as SessionCaller;
    const tools = {
      env: process.env,
      signal: new AbortController().signal,
      session: async () => session,
      progress: { step: () => undefined, warn: (text: string) => warnings.push(text) },
    } as unknown as Tools;
    const request = {} as InterceptRequest;
    const command = [process.execPath, '-e', 'setInterval(() => undefined, 1000)'];
    const run = {
      verb: 'intercept',
      session,
      request,
      requestAgain: request,
      command,
      network: 'laptop',
      tools,
    } as const;
    t.is(await runHeld({ ...run, onStart: async () => ({}) }), 128 + 15);
    t.deepEqual(warnings, ['the session process has ended; starting it again']);
    t.deepEqual(left, [['leave', { all: false, namespace: 'shop', name: 'orders-1' }]]);
    t.is(held, 2);
  },
);
