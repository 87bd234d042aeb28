// When a Session whose laptop has gone is taken away, and what is no reason for it.

import test from 'ava';
import type { Session } from '../../../control-plane/src/api/index.ts';
import { createAuthority, parseAuthority } from '../../../control-plane/src/certificates/authority.ts';
import type { KubernetesClient } from '../../../control-plane/src/kubernetes/index.ts';
import { createSessionWatchdog } from '../../../control-plane/src/report/abandoned-sessions.ts';
import { createReporter } from '../../../control-plane/src/reporter.ts';
import type { ClusterState } from '../../../control-plane/src/state/cluster-state.ts';
import { translate } from '../../../control-plane/src/translator/index.ts';
import { buildState } from '../../fixtures/cluster-state.ts';
import { CONTEXT } from '../../fixtures/translation.ts';
import { INSTALL, sessionObject } from '../../helpers/shop.ts';

const MINUTE_MS = 60_000;
const session = sessionObject() as Session;
const stateWith = ({ tunnel }: { tunnel: boolean }): ClusterState => ({
  ...buildState({ tunnels: tunnel ? { 'alice-1': [] } : {} }),
  sessions: new Map([['alice-1', session]]),
});
const AWAY = stateWith({ tunnel: false });

test('a session is abandoned when no tunnel of it was seen for the whole grace', (t) => {
  const watchdog = createSessionWatchdog(100);
  t.deepEqual(watchdog.check(AWAY, 1000), { sessions: [], nextMs: 1100 });
  t.deepEqual(watchdog.check(stateWith({ tunnel: true }), 1090), { sessions: [], nextMs: 1190 });
  t.deepEqual(watchdog.check(AWAY, 1189), { sessions: [], nextMs: 1190 });
  t.deepEqual(watchdog.check(AWAY, 1190).sessions, [session]);
});

test('a quiet cluster is looked at often enough that its sessions end', (t) => {
  const watchdog = createSessionWatchdog(60 * MINUTE_MS);
  let nowMs = 0;
  while (nowMs < 60 * MINUTE_MS) nowMs = watchdog.check(AWAY, nowMs).nextMs;
  t.deepEqual(watchdog.check(AWAY, nowMs).sessions, [session]);
  t.is(createSessionWatchdog(1).check(buildState({ sessions: [] }), 0).nextMs, Number.POSITIVE_INFINITY);
});

test('a cluster that was suspended gives every session its whole grace again', (t) => {
  const watchdog = createSessionWatchdog(60 * MINUTE_MS);
  watchdog.check(AWAY, 0);
  const wokenMs = 120 * MINUTE_MS;
  t.deepEqual(watchdog.check(AWAY, wokenMs).sessions, []);
  t.deepEqual(watchdog.check(AWAY, wokenMs + MINUTE_MS).sessions, []);
});

test('while the API server is away nobody leads, and no session comes closer to its end', async (t) => {
  const graceMs = 60 * MINUTE_MS;
  const wishes: string[] = [];
  let nowMs = Date.now();
  let isLeader = true;
  const reporter = createReporter({
    client: {} as KubernetesClient,
    queue: { want: (writes) => wishes.push(...writes.map(({ key }) => key)), failureOf: () => undefined },
    authority: await parseAuthority(await createAuthority(nowMs)),
    replica: 'me',
    installNamespace: INSTALL,
    sessionGraceMs: graceMs,
    isLeader: () => isLeader,
    now: () => nowMs,
    onTrouble: () => t.fail(),
  });
  const report = () => reporter.report(AWAY, translate(AWAY, { ...CONTEXT, nowMs }));
  report();
  isLeader = false;
  for (const endMs = nowMs + graceMs; nowMs < endMs; nowMs += MINUTE_MS / 2) report();
  isLeader = true;
  report();
  t.true(wishes.includes('status of session alice-1'));
  t.false(wishes.includes('end of session alice-1'));
});
