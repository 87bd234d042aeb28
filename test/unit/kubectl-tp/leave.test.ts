// Leaving: which intercepts are meant, and what is said when there are none.

import test from 'ava';
import { INTERCEPTS } from '../../../control-plane/src/api/index.ts';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import type { Tools } from '../../../kubectl-tp/src/command.ts';
import { leave } from '../../../kubectl-tp/src/commands/leave.ts';
import { createPrinter } from '../../../kubectl-tp/src/output/printer.ts';
import { leaveIngests } from '../../../kubectl-tp/src/session/containers/ingest.ts';
import type { VolumeBook } from '../../../kubectl-tp/src/volumes/volume-book.ts';
import { createMemorySession } from '../../helpers/memory-session.ts';

/** Of a person with intercepts of `web` and `deployment/web` in namespaces shop and stage. */
async function runLeave(words: string[], { all = false, namespace }: { all?: boolean; namespace?: string } = {}) {
  const asked: unknown[] = [];
  let said = '';
  const intercepts = [
    { name: 'web-1', namespace: 'stage', target: 'web' },
    { name: 'web-2', namespace: 'shop', target: 'deployment/web' },
    { name: 'api-1', namespace: 'shop', target: 'api' },
  ];
  const call = async (verb: string, request: unknown) => {
    if (verb === 'leave') asked.push(request);
    return verb === 'leave' ? { left: [] } : { intercepts };
  };
  const tools = {
    flags: { namespace },
    printer: createPrinter((text) => {
      said += text;
    }, 'text'),
    progress: { step: () => undefined },
    signal: new AbortController().signal,
    connection: async () => ({ namespace: namespace ?? 'team-a' }),
    existingSession: async () => ({ call }),
  } as unknown as Tools;
  await leave.run(tools, { all, words, childCommand: [] });
  return { asked, said };
}

test('all means all of the namespace that is named', async (t) => {
  t.deepEqual((await runLeave([], { all: true })).asked, [{ all: true }]);
  const { asked, said } = await runLeave([], { all: true, namespace: 'shop' });
  t.deepEqual(asked, [{ all: true, namespace: 'shop' }]);
  t.is(said, 'There is nothing to leave in shop.\n');
});

test('whoever is in the wrong namespace is told the right ones', async (t) => {
  const none = 'There is no intercept web of yours in team-a.\n';
  const there = (namespace: string) => `You have one in ${namespace}: kubectl tp leave web -n ${namespace}\n`;
  t.is((await runLeave(['web'])).said, `${none}${there('shop')}${there('stage')}`);
  t.is((await runLeave(['nosuch'])).said, 'There is no intercept nosuch of yours in team-a.\n');
});

test('intercepts and ingests of other namespaces stay', async (t) => {
  const { kubernetes, session, volumes, issue } = await createMemorySession(t);
  const opened = session.open({ signal: new AbortController().signal, progress: () => undefined });
  await issue();
  const { table } = await opened;
  const target = { kind: 'Service', name: 'web' };
  for (const namespace of ['shop', 'stage']) {
    const intercept = { metadata: { name: `web-${namespace}`, namespace, uid: namespace }, spec: { target } };
    kubernetes.put(INTERCEPTS, intercept as KubernetesObject);
  }
  t.deepEqual(await session.leaveMatching({ all: true, namespace: 'shop' }), [{ namespace: 'shop', name: 'web-shop' }]);
  t.deepEqual(
    table.all().map(({ metadata }) => metadata.name),
    ['web-stage'],
  );
  const ingests = ['shop', 'stage'].map((namespace) => ({ owner: { kind: 'ingest', namespace, name: 'web' } }));
  const book = { all: () => ingests, unmount: async () => undefined } as unknown as VolumeBook;
  t.deepEqual(await leaveIngests({ session, volumes: { ...volumes, ...book } }, { all: true, namespace: 'stage' }), [
    { namespace: 'stage', name: 'web' },
  ]);
});
