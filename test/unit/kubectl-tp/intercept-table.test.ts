// The session's own view of its intercepts: what the API server answered to us is never undone by a watch behind it.

import test, { type ExecutionContext } from 'ava';
import type { Intercept } from '../../../control-plane/src/api/index.ts';
import type { KubernetesClient, WatchEvent } from '../../../control-plane/src/kubernetes/index.ts';
import { createInterceptTable } from '../../../kubectl-tp/src/session/intercepts/intercept-table.ts';
import { waitFor } from '../../helpers/wait-for.ts';

function buildIntercept(resourceVersion: string, uid = 'one', port = 1): Intercept {
  const metadata = { name: 'orders-1', namespace: 'shop', uid, resourceVersion };
  return { metadata, spec: { laptop: { port } } } as unknown as Intercept;
}

type Scene = {
  table: ReturnType<typeof createInterceptTable>;
  /** Uids of those that are over. */
  removed: (string | undefined)[];
  /** Resolves when the table has taken the event. */
  tell(event: WatchEvent<Intercept>): Promise<void>;
};

async function createScene(t: ExecutionContext): Promise<Scene> {
  const events: WatchEvent<Intercept>[] = [];
  let taken = 0;
  const lifetime = new AbortController();
  async function* watch(): AsyncGenerator<WatchEvent<Intercept>> {
    while (!lifetime.signal.aborted) {
      const event = events[taken];
      if (event !== undefined) {
        yield event;
        taken++;
      } else await new Promise((resolve) => setImmediate(resolve));
    }
  }
  t.teardown(() => lifetime.abort());
  const removed: (string | undefined)[] = [];
  const table = createInterceptTable({
    client: { list: async () => [], watch } as unknown as KubernetesClient,
    session: 'ann-1',
    signal: lifetime.signal,
    log: () => undefined,
    onChange: () => undefined,
    onRemoved: ({ metadata }) => removed.push(metadata.uid),
  });
  await table.follow('shop');
  return {
    table,
    removed,
    async tell(event) {
      events.push(event);
      await waitFor('the event is taken', () => taken === events.length);
    },
  };
}

test('a list that began before the object was made does not remove it; a later one does', async (t) => {
  const { table, tell } = await createScene(t);
  table.put(buildIntercept('100'));
  await tell({ type: 'listed', objects: [], version: '99' });
  t.truthy(table.get('shop', 'orders-1'));
  await tell({ type: 'listed', objects: [], version: '101' });
  t.is(table.get('shop', 'orders-1'), undefined);
});

test('an older state does not replace the answer to our change', async (t) => {
  const { table, tell } = await createScene(t);
  table.put(buildIntercept('100', 'one', 2));
  await tell({ type: 'changed', object: buildIntercept('99', 'one', 1) });
  await tell({ type: 'listed', objects: [buildIntercept('99', 'one', 1)], version: '99' });
  t.is(table.get('shop', 'orders-1')?.spec.laptop?.port, 2);
  await tell({ type: 'changed', object: buildIntercept('101', 'one', 3) });
  t.is(table.get('shop', 'orders-1')?.spec.laptop?.port, 3);
});

test('the end of an earlier object of the same name is not the end of this one', async (t) => {
  const { table, tell } = await createScene(t);
  table.put(buildIntercept('100', 'two'));
  await tell({ type: 'deleted', object: buildIntercept('99', 'one') });
  t.truthy(table.get('shop', 'orders-1'));
  await tell({ type: 'deleted', object: buildIntercept('101', 'two') });
  t.is(table.get('shop', 'orders-1'), undefined);
});

test('each is removed once, by whatever tells of its end; a list that has it again ends nothing', async (t) => {
  const { table, tell, removed } = await createScene(t);
  table.put(buildIntercept('100', 'one'));
  await tell({ type: 'listed', objects: [buildIntercept('101', 'one')], version: '102' });
  t.deepEqual(removed, []);
  await tell({ type: 'deleted', object: buildIntercept('103', 'one') });
  t.deepEqual(removed, ['one']);
  table.put(buildIntercept('104', 'two'));
  // Made anew before the watch has told of the end.
  table.put(buildIntercept('106', 'three'));
  await tell({ type: 'deleted', object: buildIntercept('105', 'two') });
  t.deepEqual(removed, ['one', 'two']);
  await tell({ type: 'listed', objects: [buildIntercept('108', 'four')], version: '108' });
  t.deepEqual(removed, ['one', 'two', 'three']);
  table.remove('shop', 'orders-1');
  table.remove('shop', 'orders-1');
  t.deepEqual(removed, ['one', 'two', 'three', 'four']);
});
