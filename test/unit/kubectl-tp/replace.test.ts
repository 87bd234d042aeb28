// Replacing a target: which ports come where, and that all of them come or none.

import { createServer } from 'node:net';
import test from 'ava';
import { INTERCEPTS, SERVICES } from '../../../control-plane/src/api/index.ts';
import { KubernetesError, type KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import type { ReplaceRequest } from '../../../kubectl-tp/src/ipc/intercept-messages.ts';
import type { Service, Workload } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { pairPorts, targetPorts } from '../../../kubectl-tp/src/kubernetes/target-ports.ts';
import { allOrNone, replace } from '../../../kubectl-tp/src/session/intercepts/replace.ts';
import { closedPort, listen } from '../../helpers/loopback.ts';
import { createMemorySession } from '../../helpers/memory-session.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const SERVICE: Service = {
  metadata: { name: 'orders', namespace: 'shop' },
  spec: {
    selector: { app: 'orders' },
    ports: [
      { name: 'http', port: 80, targetPort: 'web' },
      { name: 'grpc', port: 81, targetPort: 9000 },
      { name: 'old', port: 8000, targetPort: 9000 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  },
};
const WORKLOAD = {
  metadata: { name: 'orders' },
  spec: {
    selector: {},
    template: {
      spec: {
        containers: [
          {
            name: 'app',
            ports: [
              { name: 'http', containerPort: 8080 },
              { containerPort: 53, protocol: 'UDP' },
            ],
          },
          { name: 'metrics', ports: [{ containerPort: 9090 }] },
        ],
      },
    },
  },
} as Workload;

test('the TCP ports of a target, each once', (t) => {
  const of = (...args: Parameters<typeof targetPorts>) => targetPorts(...args).map(({ port }) => port);
  t.deepEqual(of({ service: SERVICE }), ['80', '8000']);
  t.deepEqual(of({ workload: WORKLOAD }), ['8080', '9090']);
  t.deepEqual(of({ workload: WORKLOAD }, 'metrics'), ['9090']);
});

test('ports that nobody mentions keep their number', (t) => {
  const pair = (...wishes: { laptopPort: number; remotePort?: string }[]) =>
    pairPorts(targetPorts({ service: SERVICE }), wishes, 'Service orders');
  t.deepEqual(pair(), [{ remotePort: '80' }, { remotePort: '8000' }]);
  t.deepEqual(pair({ laptopPort: 3000, remotePort: 'web' }), [
    { remotePort: '80', laptopPort: 3000 },
    { remotePort: '8000' },
  ]);
  t.throws(() => pair({ laptopPort: 3000 }), { message: /several ports: http, old/ });
  t.throws(() => pair({ laptopPort: 3000, remotePort: 'dns' }), { message: /no TCP port dns. It has: http, old/ });
  const twice = ['http', 'old'].map((remotePort) => ({ laptopPort: 3000, remotePort }));
  t.throws(() => pair(...twice), { message: /can't both come to port 3000/ });
  t.throws(() => pairPorts([], [], 'Service orders'), { message: /has no TCP port. It has: none/ });
  const only = targetPorts({ workload: WORKLOAD }, 'metrics');
  t.deepEqual(pairPorts(only, [{ laptopPort: 3000 }], 'x'), [{ remotePort: '9090', laptopPort: 3000 }]);
});

test('of several attempts all succeed or none stays', async (t) => {
  const { signal } = new AbortController();
  const given: string[] = [];
  const giveBack = async (made: readonly string[]) => void given.push(...made);
  const succeed = (name: string) => async () => name;
  t.deepEqual(await allOrNone([succeed('a'), succeed('b')], giveBack, signal), ['a', 'b']);
  t.deepEqual(given, []);
  const refusal = new Error('no');
  const waiting = (other: AbortSignal) =>
    new Promise<string>((_, reject) => other.addEventListener('abort', () => reject(new Error('gave up'))));
  const error = await t.throwsAsync(
    allOrNone([succeed('a'), () => Promise.reject(refusal), waiting], giveBack, signal),
  );
  t.is(error, refusal, 'the cause, not what follows from it');
  t.deepEqual(given, ['a']);
});

const REQUEST: ReplaceRequest = {
  namespace: 'shop',
  target: { kind: 'Service', name: 'orders' },
  ports: [{ laptopPort: 3000, remotePort: 'http' }],
  fallback: 'Pod',
  timeoutMs: 60_000,
  hold: false,
  environment: false,
  loaderVariables: false,
};

test('when one port is refused the others are given back', async (t) => {
  const { kubernetes, session, volumes, issue } = await createMemorySession(t);
  const { client } = kubernetes;
  kubernetes.put(SERVICES, SERVICE as KubernetesObject);
  const { create } = client;
  let made = 0;
  const refusal = new KubernetesError('KUBERNETES_REFUSED', 'bob has it', { status: 409 });
  client.create = async (resource, object, options) => {
    if (resource !== INTERCEPTS) return create(resource, object, options);
    if (JSON.stringify(object).includes('"port":"8000"')) {
      await waitFor('the other one is there', () => made === 1);
      throw refusal;
    }
    made++;
    return create(resource, object, options);
  };
  const { signal } = new AbortController();
  const replaced = t.throwsAsync(
    replace({ session, volumes }, { ...REQUEST, portMayBeOpen: true }, { signal, progress: () => undefined }),
  );
  await issue();
  t.is(await replaced, refusal);
  t.is(made, 1);
  t.deepEqual(kubernetes.names(INTERCEPTS), []);
});

test('without a command somebody must listen, on the ports that are named or on all; else it is told', async (t) => {
  const { kubernetes, session, volumes } = await createMemorySession(t);
  const [silent, silentToo, busy] = [await closedPort(), await closedPort(), await listen(t, createServer())];
  const ports = [80, 81].map((port, at) => ({ name: `p${port}`, port, targetPort: [silentToo, silent][at] }));
  kubernetes.put(SERVICES, { ...SERVICE, spec: { ...SERVICE.spec, ports } } as KubernetesObject);
  const ask = async (change: Partial<ReplaceRequest>) => {
    const said: string[] = [];
    const stop = new AbortController();
    const progress = (text: string) => {
      said.push(text);
      // All that is asked of the laptop is over by then.
      if (text.startsWith('Connecting')) stop.abort(new Error('enough'));
    };
    const asking = replace(
      { session, volumes },
      { ...REQUEST, ports: [], ...change },
      { signal: stop.signal, progress },
    );
    const error = await t.throwsAsync(asking);
    return [error.message, ...said.filter((text) => text.startsWith('Nobody'))];
  };
  const nobody = (port: number) => `Nobody listens on port ${port} of this laptop`;
  const yet = (port: number) => `${nobody(port)} yet: until somebody does the pod answers`;
  t.deepEqual(await ask({}), [`${nobody(silentToo)}.`]);
  t.deepEqual(await ask({ ports: [{ laptopPort: silent, remotePort: '80' }] }), [`${nobody(silent)}.`]);
  t.deepEqual(await ask({ ports: [{ laptopPort: busy, remotePort: '80' }] }), ['enough', yet(silent)]);
  t.deepEqual(await ask({ environment: true }), ['enough', yet(silentToo), yet(silent)]);
});
