// What there is of an intercept while it is made, and when that fails.

import { rm, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { INTERCEPTS, type Intercept, type Resource, SERVICES } from '../../../control-plane/src/api/index.ts';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import type { InterceptRequest } from '../../../kubectl-tp/src/ipc/intercept-messages.ts';
import { intercept } from '../../../kubectl-tp/src/session/intercepts/intercept.ts';
import { createMemorySession } from '../../helpers/memory-session.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const SERVICE = {
  metadata: { name: 'orders', namespace: 'shop' },
  spec: { selector: { app: 'orders' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
};
const REQUEST: InterceptRequest = {
  namespace: 'shop',
  target: { kind: 'Service', name: 'orders' },
  laptopPort: 3000,
  headers: [],
  fallback: 'Pod',
  timeoutMs: 60_000,
  hold: false,
  portMayBeOpen: true,
  environment: false,
  loaderVariables: false,
};

async function createScene(t: ExecutionContext) {
  const scene = await createMemorySession(t);
  const { kubernetes, session, volumes } = scene;
  kubernetes.put(SERVICES, SERVICE as KubernetesObject);
  /** Called between the object's making and the answer to it. */
  let beforeAnswer = async (_made: Intercept): Promise<void> => undefined;
  const { create } = kubernetes.client;
  Object.assign(kubernetes.client, {
    async create(resource: Resource, object: KubernetesObject, options: object) {
      if (resource !== INTERCEPTS) return create(resource, object, options);
      const made = await create<Intercept>(
        resource,
        { ...object, metadata: { ...object.metadata, uid: 'one' } },
        options,
      );
      await beforeAnswer(made);
      return made;
    },
  });
  const stop = new AbortController();
  const make = () => intercept({ session, volumes }, REQUEST, { signal: stop.signal, progress: () => undefined });
  const onMade = (act: typeof beforeAnswer) => {
    beforeAnswer = act;
  };
  return { ...scene, make, onMade, stop };
}

test('an agent that is there before the answer to whoever makes it learns its target with that answer', async (t) => {
  const { session, issue, make, onMade, stop } = await createScene(t);
  const found = Promise.withResolvers<unknown>();
  onMade(async ({ metadata: { name } }) => found.resolve({ waited: session.live()?.targets.lookUp('shop', name) }));
  const making = t.throwsAsync(make(), { message: 'enough' });
  await issue();
  const { waited } = (await found.promise) as { waited: unknown };
  t.true(waited instanceof Promise);
  t.deepEqual(await waited, { host: 'localhost', port: 3000 });
  stop.abort(new Error('enough'));
  await making;
});

test('one that this laptop can not remember is taken back', async (t) => {
  const { kubernetes, folder, issue, make, onMade } = await createScene(t);
  // Where its port is to be written there is no folder any more.
  onMade(async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
  });
  const making = t.throwsAsync(make(), { message: /ENOTDIR/ });
  await issue();
  await making;
  await waitFor('it is taken back', () => kubernetes.names(INTERCEPTS).length === 0);
});
