// The loop itself: when it has a round, and on what view.

import test from 'ava';
import type { Publisher } from '../../../control-plane/src/publisher.ts';
import { createReconciler } from '../../../control-plane/src/reconciler.ts';
import type { WatchedState } from '../../../control-plane/src/state/watched-state.ts';
import { buildState } from '../../fixtures/cluster-state.ts';
import { CONTEXT } from '../../fixtures/translation.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('a new leader that rings before all lists are there gets no round on half a view', async (t) => {
  const stop = new AbortController();
  const readsWhenSynced: boolean[] = [];
  let isSynced = false;
  let looks = 0;
  let notify: () => void = () => undefined;
  const state: WatchedState = {
    get isSynced() {
      looks += 1;
      return isSynced;
    },
    read() {
      readsWhenSynced.push(isSynced);
      return buildState({});
    },
    subscribe(listener) {
      notify = listener;
      return () => undefined;
    },
    setAgent: () => undefined,
    run: () => Promise.resolve(),
  };
  const publisher: Publisher = { publish: async () => ({ problems: new Map(), nextMs: Number.POSITIVE_INFINITY }) };
  const reconciler = createReconciler({
    state,
    publisher,
    reporter: { report: () => ({ nextMs: Number.POSITIVE_INFINITY }) },
    dismissAgents: () => undefined,
    settings: CONTEXT,
    now: Date.now,
    onRound: () => undefined,
  });
  const ended = reconciler.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await ended;
  });
  const looksAtStart = looks;
  reconciler.ring();
  await waitFor('the answer to the ringing', () => looks > looksAtStart || readsWhenSynced.length > 0);
  t.deepEqual(readsWhenSynced, []);
  isSynced = true;
  notify();
  await reconciler.firstRound;
  t.deepEqual(readsWhenSynced, [true]);
});
