// How requests to the API server authenticate.

import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DetailedPeerCertificate } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { PODS } from '../../../control-plane/src/api/index.ts';
import { createAccess } from '../../../kubectl-tp/src/kubernetes/access.ts';
import { createCluster } from '../../../kubectl-tp/src/kubernetes/client.ts';
import type { Connection } from '../../../kubectl-tp/src/kubernetes/connection.ts';
import { askForUpgrade } from '../../../kubectl-tp/src/kubernetes/upgrade.ts';
import { portOf } from '../../helpers/loopback.ts';

type Entry = Record<string, unknown>;

function buildConnection(user: Entry, cluster: Entry = {}, impersonate: Connection['impersonate'] = { groups: [] }) {
  return {
    context: 'dev',
    namespace: 'shop',
    installNamespace: 'kubectl-tp',
    cluster: { name: 'dev', value: { server: 'https://dev.test', ...cluster } },
    user: { name: 'ann', value: user },
    impersonate,
  } satisfies Connection;
}

async function optionsFor(...parts: Parameters<typeof buildConnection>): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await createAccess(buildConnection(...parts))?.applyToHTTPSOptions(options);
  return options;
}

async function createFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-access-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

type PluginScript = {
  readonly path: string;
  /** How often it was run. */
  runs(): Promise<number>;
};

/** An exec plugin's program: `body` has in `count` which run it is. */
async function writePlugin(t: ExecutionContext, body: string): Promise<PluginScript> {
  const folder = await createFolder(t);
  const [path, runs] = [join(folder, 'plugin.mjs'), join(folder, 'runs')];
  await writeFile(
    path,
    `import { appendFileSync, readFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(runs)}, 'x');
     const count = readFileSync(${JSON.stringify(runs)}, 'utf8').length;
     ${body}`,
  );
  return { path, runs: async () => (await readFile(runs, 'utf8')).length };
}

test('certificates as data or as files that may be replaced', async (t) => {
  const path = join(await createFolder(t), 'key');
  await writeFile(path, 'KEY');
  const user = { 'client-certificate-data': Buffer.from('CERT').toString('base64'), 'client-key': path };
  const cluster = { 'certificate-authority': path, 'tls-server-name': 'api', 'insecure-skip-tls-verify': true };
  const options = await optionsFor(user, cluster);
  const expected = { ca: 'KEY', cert: 'CERT', key: 'KEY', servername: 'api', rejectUnauthorized: false };
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  t.deepEqual({ ca: String(ca), cert: String(cert), key: String(key), servername, rejectUnauthorized }, expected);
});

test('an address in the place of a name is looked for in the certificate, and not told to the server', async (t) => {
  const { servername, checkServerIdentity } = await optionsFor({}, { 'tls-server-name': '10.96.0.1' });
  t.is(servername, '');
  const check = (names: string) => checkServerIdentity?.('other', { subjectaltname: names } as DetailedPeerCertificate);
  t.is(check('DNS:api, IP Address:10.96.0.1'), undefined);
  t.regex(String(check('DNS:api, IP Address:10.96.0.2')), /10\.96\.0\.1 is not in the cert's list/);
});

test('tokens, files with tokens, and names with passwords', async (t) => {
  const path = join(await createFolder(t), 'token');
  await writeFile(path, 'fresh\n');
  t.deepEqual((await optionsFor({ token: 'one' })).headers, { authorization: 'Bearer one' });
  t.deepEqual((await optionsFor({ token: 'one', tokenFile: path })).headers, { authorization: 'Bearer fresh' });
  const basic = `Basic ${Buffer.from('ann:s3').toString('base64')}`;
  t.deepEqual((await optionsFor({ username: 'ann', password: 's3' })).headers, { authorization: basic });
});

test('acting as somebody else', async (t) => {
  const impersonate = { user: 'boss', groups: ['a', 'b'], uid: 'u', extra: { 'x/y': ['1'] } };
  t.deepEqual((await optionsFor({}, {}, impersonate)).headers, {
    'Impersonate-User': 'boss',
    'Impersonate-Group': ['a', 'b'],
    'Impersonate-Uid': 'u',
    'Impersonate-Extra-x%2Fy': ['1'],
  });
});

test('an exec plugin runs once until its credential is about to expire, and again after a failure', async (t) => {
  const { path } = await writePlugin(
    t,
    `if (count === 1) process.exit(3);
     const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
     const token = [count, process.env.STAGE, info.apiVersion, info.spec.cluster.server].join(' ');
     const expirationTimestamp = new Date(Date.now() + (count === 2 ? 60_000 : -1)).toISOString();
     console.log(JSON.stringify({ status: { token, expirationTimestamp } }));`,
  );
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [path],
    env: [{ name: 'STAGE', value: 'dev' }],
    provideClusterInfo: true,
    installHint: 'Get it.',
  };
  const access = createAccess(buildConnection({ exec }));
  const ask = async () => {
    const options: RequestOptions = {};
    await access?.applyToHTTPSOptions(options);
    return options.headers;
  };
  await t.throwsAsync(ask(), { message: /Get it\./ });
  const told = { authorization: 'Bearer 2 dev client.authentication.k8s.io/v1 https://dev.test' };
  t.deepEqual(await Promise.all([ask(), ask()]), [told, told]);
  t.deepEqual(await ask(), told);
});

test('a credential that is refused is asked for anew, once for all who hear so', async (t) => {
  const { path, runs } = await writePlugin(t, 'console.log(JSON.stringify({ status: { token: String(count) } }));');
  let accepted = '1';
  const isAccepted = ({ headers }: IncomingMessage) => headers.authorization === `Bearer ${accepted}`;
  const server = createServer((request, response) => {
    response.writeHead(isAccepted(request) ? 200 : 401);
    response.end('{"kind":"PodList","metadata":{},"items":[]}');
  });
  server.on('upgrade', (request, socket) => {
    const answer = isAccepted(request)
      ? '101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tp'
      : '401 Unauthorized';
    socket.end(`HTTP/1.1 ${answer}\r\n\r\n`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close().closeAllConnections());
  const user = { exec: { command: process.execPath, args: [path] } };
  const cluster = await createCluster(buildConnection(user, { server: `http://127.0.0.1:${portOf(server)}` }));

  const list = () => cluster.client.list(PODS, { namespace: 'shop' });
  t.deepEqual(await list(), []);
  accepted = '2';
  t.deepEqual(await Promise.all([list(), list(), list()]), [[], [], []]);
  t.is(await runs(), 2);
  accepted = '3';
  const { signal } = new AbortController();
  const upgraded = await askForUpgrade(cluster, { path: '/', headers: { upgrade: 'tp' }, signal });
  t.true('socket' in upgraded);
  accepted = 'none of its';
  await t.throwsAsync(list(), { code: 'UNAUTHORIZED' });
  t.is(await runs(), 4, 'no credential is asked for more than once again');
});

test('proxies and auth-provider are left to client-node', (t) => {
  t.is(createAccess(buildConnection({}, { 'proxy-url': 'http://proxy' })), undefined);
  t.is(createAccess(buildConnection({ 'auth-provider': { name: 'oidc' } })), undefined);
  t.truthy(createAccess(buildConnection({})));
});
