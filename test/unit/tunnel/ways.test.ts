// Which way a tunnel takes to its relay, and that a way that does not work costs nothing but time.

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type Duplex, PassThrough } from 'node:stream';
import test from 'ava';
import { askForUpgrade, type Refused, type Upgraded } from '../../../kubectl-tp/src/kubernetes/upgrade.ts';
import type { RelayWays } from '../../../kubectl-tp/src/tunnel/connect-relay.ts';
import { reverseConnect } from '../../../kubectl-tp/src/tunnel/reverse-connect.ts';
import { withHeadStart } from '../../../kubectl-tp/src/waiting/with-head-start.ts';
import { startApp } from '../../helpers/loopback.ts';
import { createTunnelRig, type TestRelay } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

type Ask = NonNullable<RelayWays['askRelay']>;

/** As the API server's proxy does, from an address of its own. */
const askAt = (relay: TestRelay | undefined, ...[, { path, headers }, signal]: Parameters<Ask>) => {
  const server = new URL(`http://127.0.0.1:${relay?.ports.proxy}`);
  return askForUpgrade({ server, httpsOptions: async () => ({}) }, { path, headers, signal });
};

test('the way through the proxy carries connections', async (t) => {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  let relay: TestRelay | undefined;
  const ready = Promise.withResolvers<void>();
  const askRelay: Ask = async (...asked) => {
    await ready.promise;
    return askAt(relay, ...asked);
  };
  const dialRelay = () => Promise.reject(new Error('not by port-forward'));
  const rig = await createTunnelRig(t, { port: app.port, laptop: { askRelay, dialRelay } });
  [relay] = rig.relays;
  ready.resolve();
  await rig.up();
  t.is(rig.tunnels.status()[0]?.way, 'proxy');
  const agent = await rig.agent();
  agent.end('hello');
  t.is(String((await once(agent, 'data'))[0]), 'hello');
});

const refusals: Record<string, Refused> = {
  'a missing right': { status: 403, body: '{"kind":"Status","message":"pods/proxy is forbidden"}' },
  'an API server that reaches no pods': { status: 503, body: '{"kind":"Status","message":"dial tcp: i/o timeout"}' },
};
for (const [what, refusal] of Object.entries(refusals)) {
  test(`${what}: the port-forward is the way, and the proxy isn't asked each time`, async (t) => {
    let asked = 0;
    const askRelay: Ask = async () => {
      asked += 1;
      return refusal;
    };
    const rig = await createTunnelRig(t, { relays: 1, laptop: { askRelay } });
    await rig.up();
    t.is(rig.tunnels.status()[0]?.way, 'port-forward');
    rig.tunnels.setRelays([]);
    rig.tunnels.setRelays(['relay-0']);
    await rig.up();
    t.is(asked, 1);
  });
}

test('a connection that is lost before the relay is asked fails at once', async (t) => {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const connection = new PassThrough();
  const asked = reverseConnect(connection, { session: 's', key, relay: 'relay-0' }, AbortSignal.timeout(60_000));
  connection.destroy();
  await t.throwsAsync(asked, { message: /relay-0 ended the connection/ });
});

test('something that upgrades to another protocol is no relay', async (t) => {
  let given: Duplex | undefined;
  const askRelay: Ask = async (...asked) => {
    const upgraded = (await askAt(rig.relays[0], ...asked)) as Upgraded;
    given = upgraded.socket;
    upgraded.response.headers.upgrade = 'websocket';
    return upgraded;
  };
  const rig = await createTunnelRig(t, { laptop: { askRelay } });
  await rig.up();
  t.is(rig.tunnels.status()[0]?.way, 'port-forward');
  t.true(given?.destroyed);
});

type Attempt = { resolve: (value: string) => void; reject: (error: Error) => void; signal: AbortSignal };

function race(headStartMs: number) {
  const attempts: Partial<Record<'preferred' | 'other', Attempt>> = {};
  const discarded: string[] = [];
  const begin = (name: 'preferred' | 'other') => (signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    attempts[name] = { resolve, reject, signal };
    return promise;
  };
  const result = withHeadStart({
    preferred: begin('preferred'),
    other: begin('other'),
    headStartMs,
    discard: (late) => discarded.push(late),
    signal: new AbortController().signal,
  });
  const otherBegins = () => waitFor('the other way begins', () => attempts.other);
  return { attempts, discarded, result, otherBegins };
}
const LONG_MS = 1_000_000;

test('head start: the preferred way alone, when it works', async (t) => {
  const { attempts, result } = race(LONG_MS);
  attempts.preferred?.resolve('a');
  t.is(await result, 'a');
  t.is(attempts.other, undefined);
  t.false(attempts.preferred?.signal.aborted);
});

test('head start: the other way as soon as the preferred one has failed', async (t) => {
  const { attempts, result, otherBegins } = race(LONG_MS);
  attempts.preferred?.reject(new Error('no'));
  (await otherBegins()).resolve('b');
  t.is(await result, 'b');
});

test('head start: a slow way is given up when the other one is there, and what it brings then is discarded', async (t) => {
  const { attempts, discarded, result, otherBegins } = race(1);
  (await otherBegins()).resolve('b');
  t.is(await result, 'b');
  t.true(attempts.preferred?.signal.aborted);
  attempts.preferred?.resolve('late');
  await waitFor('it is discarded', () => discarded.length > 0);
  t.deepEqual(discarded, ['late']);
});

test('head start: a slow way may still win, and what the other one brings then is discarded', async (t) => {
  const { attempts, discarded, result, otherBegins } = race(1);
  const other = await otherBegins();
  attempts.preferred?.resolve('a');
  t.is(await result, 'a');
  t.true(other.signal.aborted);
  other.resolve('late');
  await waitFor('it is discarded', () => discarded.length > 0);
});

test('head start: a slow way has no more than it once more when the other way has failed', async (t) => {
  const { attempts, result, otherBegins } = race(20);
  (await otherBegins()).reject(new Error('second'));
  attempts.preferred?.signal.addEventListener('abort', () => attempts.preferred?.reject(new Error('aborted')));
  await t.throwsAsync(result, { message: 'second' });
});

test("head start: both fail with the other way's error", async (t) => {
  const { attempts, result, otherBegins } = race(1);
  attempts.preferred?.reject(new Error('first'));
  (await otherBegins()).reject(new Error('second'));
  await t.throwsAsync(result, { message: 'second' });
});
