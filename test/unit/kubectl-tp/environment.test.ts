// The environment of a container, as the kubelet would make it.

import test from 'ava';
import fc from 'fast-check';
import { collectEnvironment, requiredSources, type Sources } from '../../../kubectl-tp/src/environment/collect.ts';
import { expand } from '../../../kubectl-tp/src/environment/expand.ts';
import { readEnvironment } from '../../../kubectl-tp/src/environment/read-environment.ts';
import { serviceVariables } from '../../../kubectl-tp/src/environment/service-variables.ts';
import type { Container, Pod, Service } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { describeMissing } from '../../../kubectl-tp/src/output/describe-missing.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';

const POD: Pod = {
  metadata: { name: 'orders-1', namespace: 'shop', uid: 'u-1', labels: { app: 'orders' } },
  spec: { containers: [], nodeName: 'n1', serviceAccountName: 'sa' },
  status: { podIP: '10.0.0.9', hostIP: '10.1.0.1', podIPs: [{ ip: '10.0.0.9' }, { ip: 'fd00::9' }] },
};
const SOURCES: Sources = (kind, name) => {
  if (kind === 'ConfigMap' && name === 'conf') return { data: { MODE: 'test', 'a key': 'no name for a variable' } };
  if (kind === 'Secret' && name === 'login') return { data: { password: 'p4ss' } };
  if (name === 'absent') return { error: 'there is none', isAbsent: true };
  return { error: 'User "ann" may not get secrets in namespace shop.' };
};
const collect = (container: Partial<Container>, services?: Record<string, string>) => {
  const wish = { container: { name: 'app', ...container }, pod: POD, sources: SOURCES };
  const { variables, missing } = collectEnvironment(services === undefined ? wish : { ...wish, services });
  return { variables, missing: missing.map(describeMissing) };
};

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
    MEMORY: '67108864',
  });
});

test('what may not be read costs its variables by name, also where it is optional: it may be there', (t) => {
  const { variables, missing } = collect({
    envFrom: [
      { prefix: 'C_', secretRef: { name: 'closed', optional: true } },
      { secretRef: { name: 'absent', optional: true } },
    ],
    env: [
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'closed', key: 'token', optional: true } } },
      { name: 'MAYBE', valueFrom: { secretKeyRef: { name: 'absent', key: 'token', optional: true } } },
      { name: 'ALSO', valueFrom: { configMapKeyRef: { name: 'conf', key: 'GONE', optional: true } } },
      { name: 'GONE', valueFrom: { configMapKeyRef: { name: 'conf', key: 'GONE' } } },
      { name: 'NEEDED', valueFrom: { secretKeyRef: { name: 'absent', key: 'token' } } },
    ],
  });
  t.deepEqual(variables, {});
  t.deepEqual(missing, [
    'all of Secret closed (names that begin with C_): User "ann" may not get secrets in namespace shop.',
    'TOKEN: key token of Secret closed: User "ann" may not get secrets in namespace shop.',
    'GONE: ConfigMap conf has no key GONE',
    'NEEDED: key token of Secret absent: there is none',
  ]);
});

test('a value that refers to what is missing is missing, too, and no older value stands in for it', (t) => {
  const { variables, missing } = collect({
    envFrom: [{ configMapRef: { name: 'conf' } }],
    env: [
      { name: 'MODE', valueFrom: { secretKeyRef: { name: 'closed', key: 'mode' } } },
      { name: 'URL', value: 'http://host/$(MODE)' },
      { name: 'TEXT', value: '$(NOWHERE) $$(MODE)' },
    ],
  });
  t.deepEqual(variables, { TEXT: '$(NOWHERE) $(MODE)' });
  t.deepEqual(missing.slice(1), ['URL: it refers to MODE, which is missing']);
});

test('what the names of a closed source are nobody knows: a reference may be one of them', (t) => {
  const { missing } = collect({
    envFrom: [{ secretRef: { name: 'closed' } }],
    env: [{ name: 'URL', value: '$(HOST)' }],
  });
  t.deepEqual(missing.slice(1), ['URL: it refers to HOST, which is missing']);
});

test("variables of Services can be referred to, and the pod's own win over them", (t) => {
  const services = { DB_SERVICE_HOST: '10.96.0.5', DB_SERVICE_PORT: '5432' };
  const env = [
    { name: 'URL', value: '$(DB_SERVICE_HOST):$(DB_SERVICE_PORT)' },
    { name: 'DB_SERVICE_PORT', value: '1' },
  ];
  t.deepEqual(collect({ env }, services).variables, {
    DB_SERVICE_HOST: '10.96.0.5',
    DB_SERVICE_PORT: '1',
    URL: '10.96.0.5:5432',
  });
});

test('the variables of a Service are those that the kubelet makes', (t) => {
  const service = (name: string, spec: Service['spec']): Service => ({ metadata: { name, namespace: 'shop' }, spec });
  const variables = serviceVariables([
    service('my-db', {
      clusterIP: '10.96.0.5',
      ports: [
        { name: 'pg-sql', port: 5432 },
        { name: 'stats', port: 90, protocol: 'UDP' },
      ],
    }),
    service('headless', { clusterIP: 'None', ports: [{ port: 80 }] }),
    service('elsewhere', { ports: [{ port: 80 }] }),
    service('six', { clusterIP: 'fd00::5', ports: [{ port: 80 }] }),
  ]);
  t.deepEqual(variables, {
    MY_DB_SERVICE_HOST: '10.96.0.5',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_PG_SQL: '5432',
    MY_DB_SERVICE_PORT_STATS: '90',
    MY_DB_PORT: 'tcp://10.96.0.5:5432',
    MY_DB_PORT_5432_TCP: 'tcp://10.96.0.5:5432',
    MY_DB_PORT_5432_TCP_PROTO: 'tcp',
    MY_DB_PORT_5432_TCP_PORT: '5432',
    MY_DB_PORT_5432_TCP_ADDR: '10.96.0.5',
    MY_DB_PORT_90_UDP: 'udp://10.96.0.5:90',
    MY_DB_PORT_90_UDP_PROTO: 'udp',
    MY_DB_PORT_90_UDP_PORT: '90',
    MY_DB_PORT_90_UDP_ADDR: '10.96.0.5',
    SIX_SERVICE_HOST: 'fd00::5',
    SIX_SERVICE_PORT: '80',
    SIX_PORT: 'tcp://[fd00::5]:80',
    SIX_PORT_80_TCP: 'tcp://[fd00::5]:80',
    SIX_PORT_80_TCP_PROTO: 'tcp',
    SIX_PORT_80_TCP_PORT: '80',
    SIX_PORT_80_TCP_ADDR: 'fd00::5',
  });
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
  t.is(expand('$($(A)) $(B $(A)', { A: 'a' }), '$($(A)) $(B $(A)', 'a name goes to the first bracket, as in a pod');
});

test('variables that make programs of the laptop run code are left out by name, unless they are asked for', async (t) => {
  const env = ['NODE_OPTIONS', 'LD_PRELOAD', 'GIT_SSH_COMMAND', 'PYTHONSTARTUP', 'npm_config_script_shell', 'PORT'];
  const container = { name: 'app', env: env.map((name) => ({ name, value: 'x' })) };
  const pod = { ...POD, spec: { containers: [container], enableServiceLinks: false } };
  const client = createMemoryKubernetes().client;
  const { signal } = new AbortController();
  const read = (loaderVariables: boolean) =>
    readEnvironment({ client, namespace: 'shop', pod, container, loaderVariables, signal });
  const ofPod = (variables: object) => Object.keys(variables).filter((name) => env.includes(name));
  const { variables, missing } = await read(false);
  t.deepEqual(ofPod(variables), ['PORT']);
  t.deepEqual(
    missing.flatMap(({ name = '' }) => (env.includes(name) ? [name] : [])),
    env.filter((name) => name !== 'PORT').toSorted(),
  );
  t.deepEqual(ofPod((await read(true)).variables), env);
});
