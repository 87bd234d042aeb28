// Flags over kubeconfig files, as kubectl reads them.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseCommandLine } from '../../../kubectl-tp/src/cli.ts';
import { resolveConnection } from '../../../kubectl-tp/src/kubernetes/connection.ts';

const DEV = {
  'current-context': 'dev',
  contexts: [
    { name: 'dev', context: { cluster: 'dev', user: 'ann', namespace: 'shop' } },
    { name: 'other', context: { cluster: 'other', user: 'ann' } },
  ],
  clusters: [
    { name: 'dev', cluster: { server: 'https://dev.test:6443', 'certificate-authority': 'ca.pem' } },
    { name: 'other', cluster: { server: 'https://other.test', 'certificate-authority-data': 'QUJD' } },
  ],
  users: [
    {
      name: 'ann',
      user: { token: 'secret', tokenFile: 'token', exec: { command: 'login' }, as: 'boss', 'as-groups': ['leads'] },
    },
  ],
};

async function writeFiles(t: ExecutionContext, files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-kubeconfig-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

test('the current context gives cluster, user and namespace; paths are relative to their file', async (t) => {
  const folder = await writeFiles(t, { config: DEV });
  const connection = await resolveConnection({}, { KUBECONFIG: join(folder, 'config') });
  t.is(connection.namespace, 'shop');
  t.is(connection.cluster.value.server, 'https://dev.test:6443');
  t.is(connection.cluster.value['certificate-authority'], join(folder, 'ca.pem'));
  t.is(connection.user.value.token, 'secret');
  t.deepEqual(connection.impersonate, { user: 'boss', groups: ['leads'] });
  t.is(connection.installNamespace, 'kubectl-tp');
});

test('of several files the first to name something wins, and missing ones are skipped', async (t) => {
  const second = { ...DEV, 'current-context': 'other', users: [{ name: 'ann', user: { token: 'second' } }] };
  const folder = await writeFiles(t, { first: { users: [{ name: 'ann', user: { token: 'first' } }] }, second });
  const paths = ['missing', 'first', 'second'].map((name) => join(folder, name));
  const connection = await resolveConnection({}, { KUBECONFIG: paths.join(':') });
  t.is(connection.context, 'other');
  t.is(connection.user.value.token, 'first');
  t.is(connection.namespace, 'default');
});

test('flags win over the files, and a credential by flag replaces those of the file', async (t) => {
  const folder = await writeFiles(t, { config: DEV });
  const flags = {
    kubeconfig: join(folder, 'config'),
    context: 'other',
    namespace: 'mine',
    server: 'https://flag.test',
    certificateAuthority: '/flag.pem',
    token: 'flag',
    as: 'me',
    asGroup: ['a', 'b'],
    tpNamespace: 'tools',
    requestTimeout: '5',
  };
  const connection = await resolveConnection(flags, { KUBECONFIG: '/nowhere', TP_NAMESPACE: 'env' });
  t.is(connection.namespace, 'mine');
  t.is(connection.installNamespace, 'tools');
  t.deepEqual(connection.cluster.value, { server: 'https://flag.test', 'certificate-authority': '/flag.pem' });
  t.is(connection.user.value.token, 'flag');
  t.deepEqual([connection.user.value.tokenFile, connection.user.value.exec], [undefined, undefined]);
  t.is(connection.user.file, undefined, 'other credentials than those of the file are another user');
  t.deepEqual(connection.impersonate, { user: 'me', groups: ['a', 'b'] });
  t.is(connection.requestTimeoutMs, 5000);
});

const refused = test.macro({
  exec: async (t, content: unknown, flags: object, message: RegExp) => {
    const folder = await writeFiles(t, content === undefined ? {} : { config: content });
    const error = await t.throwsAsync(resolveConnection(flags, { KUBECONFIG: join(folder, 'config') }));
    t.like(error, { code: 'KUBECONFIG_INVALID' });
    t.regex(error?.message ?? '', message);
  },
  title: (_, content, flags, message) =>
    `${JSON.stringify(content)?.slice(0, 20)} ${JSON.stringify(flags)}: ${message}`,
});

test(refused, undefined, {}, /no kubeconfig/);
test(refused, 'a: [', {}, /cannot be used/);
test(refused, 'just words', {}, /not a kubeconfig/);
test(refused, {}, {}, /No cluster is chosen/);
test(refused, { 'current-context': 'gone' }, {}, /no context "gone"/);
test(refused, { 'current-context': 'a', contexts: [{ name: 'a', context: {} }] }, {}, /context "a" names none/);
test(
  refused,
  { 'current-context': 'a', contexts: [{ name: 'a', context: { cluster: 'gone' } }] },
  {},
  /no cluster "gone"/,
);
test(refused, DEV, { context: 'gone' }, /no context "gone"/);
test(refused, DEV, { cluster: 'gone' }, /no cluster "gone"/);
test(refused, DEV, { user: 'gone' }, /no user "gone"/);
test(refused, DEV, { server: 'nonsense' }, /no usable server address/);
test(refused, undefined, { kubeconfig: '/nowhere/config' }, /no kubeconfig: looked for \/nowhere\/config/);

test("kubectl's remaining flags: basic authentication, extras, and what only tunes kubectl", async (t) => {
  const folder = await writeFiles(t, { config: DEV });
  const line = `-v 6 --cache-dir /tmp --match-server-version status --disable-compression --as-user-extra a=1 --as-user-extra a=2 --as-user-extra b=x=y --username bob --password s3 --kubeconfig ${folder}/config -v=8`;
  const invocation = await parseCommandLine(line.split(' '));
  if (invocation.kind !== 'command') return t.fail();
  t.is(invocation.command.name, 'status');
  const { user, impersonate } = await resolveConnection(invocation.flags, {});
  t.deepEqual(user.value, { as: 'boss', 'as-groups': ['leads'], username: 'bob', password: 's3' });
  t.deepEqual(impersonate.extra, { a: ['1', '2'], b: ['x=y'] });
  await t.throwsAsync(resolveConnection({ ...invocation.flags, asUserExtra: ['nonsense'] }, {}), { code: 'USAGE' });
});
