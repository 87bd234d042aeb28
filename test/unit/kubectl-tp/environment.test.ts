// The environment of a container, as the kubelet would make it.

import test from 'ava';
import fc from 'fast-check';
import type { KubernetesClient } from '../../../control-plane/src/kubernetes/index.ts';
import { collectEnvironment, requiredSources, type Sources } from '../../../kubectl-tp/src/environment/collect.ts';
import { expand } from '../../../kubectl-tp/src/environment/expand.ts';
import { formatDocker } from '../../../kubectl-tp/src/environment/formats.ts';
import type { Container, Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { readEnvironment } from '../../../kubectl-tp/src/session/environment.ts';

const POD: Pod = {
  metadata: { name: 'orders-1', namespace: 'shop', uid: 'u-1', labels: { app: 'orders' } },
  spec: { containers: [], nodeName: 'n1', serviceAccountName: 'sa' },
  status: { podIP: '10.0.0.9', hostIP: '10.1.0.1', podIPs: [{ ip: '10.0.0.9' }, { ip: 'fd00::9' }] },
};
const SOURCES: Sources = (kind, name) => {
  if (kind === 'ConfigMap' && name === 'conf') return { data: { MODE: 'test', 'a key': 'no name for a variable' } };
  if (kind === 'Secret' && name === 'login') return { data: { password: 'p4ss' } };
  return { error: 'User "ann" may not get secrets in namespace shop.' };
};
const collect = (container: Partial<Container>) => collectEnvironment({ name: 'app', ...container }, POD, SOURCES);

test('values refer to those before them, and env wins over envFrom', (t) => {
  const { variables, missing } = collect({
    envFrom: [{ configMapRef: { name: 'conf' } }, { prefix: 'P_', configMapRef: { name: 'conf' } }],
    env: [
      { name: 'URL', value: 'http://$(HOST)/$(MODE)' },
      { name: 'HOST', value: 'db' },
      { name: 'AGAIN', value: '$(HOST)-$$(HOST)' },
      { name: 'MODE', value: 'live' },
    ],
  });
  t.deepEqual(variables, { MODE: 'live', P_MODE: 'test', URL: 'http://$(HOST)/test', HOST: 'db', AGAIN: 'db-$(HOST)' });
  t.deepEqual(missing, []);
});

test('references to ConfigMaps, Secrets, fields and resources', (t) => {
  const { variables } = collect({
    resources: { limits: { memory: '64Mi' } },
    env: [
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
      { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'conf', key: 'MODE' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
    ],
  });
  t.deepEqual(variables, {
    PASSWORD: 'p4ss',
    MODE: 'test',
    IP: '10.0.0.9',
    IPS: '10.0.0.9,fd00::9',
    APP: 'orders',
    MEMORY: '64Mi',
  });
});

test('what may not be read costs its variables by name, unless it is optional', (t) => {
  const { variables, missing } = collect({
    envFrom: [{ secretRef: { name: 'closed' } }, { secretRef: { name: 'closed', optional: true } }],
    env: [
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'closed', key: 'token' } } },
      { name: 'MAYBE', valueFrom: { secretKeyRef: { name: 'closed', key: 'token', optional: true } } },
      { name: 'GONE', valueFrom: { configMapKeyRef: { name: 'conf', key: 'GONE' } } },
    ],
  });
  t.deepEqual(variables, {});
  t.deepEqual(missing, [
    'all of Secret closed: User "ann" may not get secrets in namespace shop.',
    'TOKEN: key token of Secret closed: User "ann" may not get secrets in namespace shop.',
    'GONE: ConfigMap conf has no key GONE',
  ]);
});

test('each object is asked for once', (t) => {
  const container: Container = {
    name: 'app',
    envFrom: [{ configMapRef: { name: 'conf' } }],
    env: [
      { name: 'A', valueFrom: { configMapKeyRef: { name: 'conf', key: 'A' } } },
      { name: 'B', valueFrom: { secretKeyRef: { name: 'login', key: 'B' } } },
    ],
  };
  t.deepEqual(requiredSources(container), [
    { kind: 'ConfigMap', name: 'conf' },
    { kind: 'Secret', name: 'login' },
  ]);
});

test('text without a dollar sign is never changed, and expansion never throws', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.dictionary(fc.string(), fc.string()), (text, known) => {
      const expanded = expand(text, known);
      return text.includes('$') || expanded === text;
    }),
  );
  t.is(expand('$(A)$(constructor)$(', { A: '$(A)' }), '$(A)$(constructor)$(');
});

test('the docker syntax is sorted and leaves out what it cannot hold', (t) => {
  t.deepEqual(formatDocker({ B: 'two words', A: '"1"', KEY: 'line\nline' }), {
    text: 'A="1"\nB=two words\n',
    leftOut: ['KEY'],
  });
});

test('variables that make programs of the laptop run code are left out by name, unless they are asked for', async (t) => {
  const env = ['NODE_OPTIONS', 'LD_PRELOAD', 'GIT_SSH_COMMAND', 'PYTHONSTARTUP', 'npm_config_script_shell', 'PORT'];
  const container = { name: 'app', env: env.map((name) => ({ name, value: 'x' })) };
  const pods = [{ ...POD, spec: { containers: [container] } }];
  const client = {} as KubernetesClient;
  const read = (loaderVariables: boolean) =>
    readEnvironment({
      client,
      namespace: 'shop',
      pods,
      containerPort: 80,
      loaderVariables,
      signal: new AbortController().signal,
    });
  const { variables, missing } = await read(false);
  t.deepEqual(variables, { PORT: 'x' });
  t.regex(missing.join(), /GIT_SSH_COMMAND, LD_PRELOAD, NODE_OPTIONS, PYTHONSTARTUP, npm_config_script_shell: /);
  t.deepEqual(Object.keys((await read(true)).variables), env);
});
