// What people are told when the cluster is not as the command needs it. Every time: one message, a next step, the
// right exit code, and nothing left behind.

import test from 'ava';
import { startApp } from '../../helpers/loopback.ts';
import { type Answers, refusal, startScriptedApi } from '../../helpers/scripted-api.ts';
import { createPlugin } from './run-plugin.ts';

const SERVICES = '/api/v1/namespaces/shop/services';
const SESSIONS = '/apis/kubectl-tp.dev/v1alpha1/namespaces/kubectl-tp/sessions';

function service(ports: readonly object[], selector: object | undefined = { app: 'orders' }): Answers {
  const body = { metadata: { name: 'orders', namespace: 'shop' }, spec: { selector, ports } };
  return { [`GET ${SERVICES}/orders`]: { status: 200, body } };
}
const ONE_PORT = service([{ port: 80, targetPort: 8080 }]);

type Case = {
  answers: Answers;
  /** `PORT` stands for a port that somebody listens on. */
  line?: string;
  code: string;
  exitCode: number;
  says: RegExp;
};

const trouble = test.macro({
  exec: async (t, { answers, line = 'intercept orders -p PORT', code, exitCode, says }: Case) => {
    const api = await startScriptedApi(t, answers);
    const plugin = await createPlugin(t, { KUBECONFIG: api.kubeconfig });
    const { port } = await startApp(t, (socket) => void socket.destroy());
    const run = await plugin.run(...line.replace('PORT', String(port)).split(' '));
    t.regex(run.stderr, new RegExp(`\\(${code}\\)\\n$`));
    t.is(run.code, exitCode);
    t.regex(run.stderr, says);
    await plugin.leavesNothing();
    const written = api.requests.filter((request) => !request.startsWith('GET') && !request.includes('selfsubject'));
    t.true(
      written.every((request) => request === `POST ${SESSIONS}`),
      written.join('\n'),
    );
  },
  title: (name) => name ?? '',
});

const NAMESPACE = { 'GET /api/v1/namespaces/shop': { status: 200, body: { metadata: { name: 'shop' } } } };

for (const line of ['intercept orders', 'intercept deployment/orders', 'list']) {
  test(`no such namespace: ${line}`, trouble, {
    answers: { 'GET /apis/kubectl-tp.dev/v1alpha1/namespaces/shop/intercepts': { status: 200, body: { items: [] } } },
    line,
    code: 'NAMESPACE_NOT_FOUND',
    exitCode: 4,
    says: /There is no namespace shop\.\n.*kubectl get namespaces/,
  });
}

test('no such service', trouble, {
  answers: {
    ...NAMESPACE,
    [`GET ${SERVICES}/orders`]: refusal(404, 'NotFound', 'services "orders" not found', { name: 'orders' }),
  },
  code: 'TARGET_NOT_FOUND',
  exitCode: 4,
  says: /Namespace shop has no Service orders.*\n.*kubectl -n shop get services/,
});

test('no such service, but a workload', trouble, {
  answers: {
    ...NAMESPACE,
    [`GET ${SERVICES}/orders`]: refusal(404, 'NotFound', 'services "orders" not found', { name: 'orders' }),
    'GET /apis/apps/v1/namespaces/shop/deployments/orders': { status: 200, body: { metadata: { name: 'orders' } } },
  },
  code: 'TARGET_NOT_FOUND',
  exitCode: 4,
  says: /kubectl tp intercept deployment\/orders/,
});

test('several ports', trouble, {
  answers: service([
    { name: 'http', port: 80 },
    { name: 'grpc', port: 81 },
  ]),
  code: 'PORT_AMBIGUOUS',
  exitCode: 4,
  says: /80 \(http\), 81 \(grpc\)[\s\S]*-p 8080:http/,
});

test('a port that the service does not have', trouble, {
  answers: ONE_PORT,
  line: 'intercept orders -p PORT:8081',
  code: 'PORT_NOT_FOUND',
  exitCode: 4,
  says: /no TCP port 8081. It has: 80/,
});

test('a service without selector', trouble, {
  answers: service([{ port: 80 }], {}),
  code: 'INTERCEPT_REFUSED',
  exitCode: 4,
  says: /selects no pods/,
});

test('nobody listens', trouble, {
  answers: ONE_PORT,
  line: 'intercept orders -p 1',
  code: 'NOBODY_LISTENS',
  exitCode: 4,
  says: /Nobody listens on port 1/,
});

test('the port of the command is in use', trouble, {
  answers: ONE_PORT,
  line: 'intercept orders -p PORT --network laptop -- true',
  code: 'PORT_IN_USE',
  exitCode: 4,
  says: /in use/,
});

for (const verb of ['intercept orders', 'replace orders', 'ingest orders', 'connect']) {
  test(`${verb} for a program that is not there asks the cluster nothing`, async (t) => {
    const api = await startScriptedApi(t, ONE_PORT);
    const plugin = await createPlugin(t, { KUBECONFIG: api.kubeconfig });
    const { code, stderr } = await plugin.run(...verb.split(' '), '--', 'nosuchprogram', '-x');
    t.is(code, 2, stderr);
    t.regex(stderr, /nosuchprogram can't be started: there is no such program.*\n.*command -v nosuchprogram\n/);
    t.deepEqual(api.requests, []);
  });
}

test('not installed', trouble, {
  answers: ONE_PORT,
  code: 'NOT_INSTALLED',
  exitCode: 3,
  says: /kubectl tp install/,
});

test('installed elsewhere', trouble, {
  answers: {
    ...ONE_PORT,
    [`POST ${SESSIONS}`]: refusal(404, 'NotFound', 'namespaces "kubectl-tp" not found', { name: 'kubectl-tp' }),
  },
  code: 'NOT_INSTALLED',
  exitCode: 3,
  says: /--tp-namespace/,
});

test('wrong credentials', trouble, {
  answers: { [`GET ${SERVICES}/orders`]: refusal(401, 'Unauthorized', 'Unauthorized') },
  code: 'UNAUTHORIZED',
  exitCode: 3,
  says: /kubectl auth whoami/,
});

const NO_SESSIONS = {
  [`POST ${SESSIONS}`]: refusal(
    403,
    'Forbidden',
    'sessions.kubectl-tp.dev is forbidden: User "ann" cannot create resource "sessions" in API group "kubectl-tp.dev" in the namespace "kubectl-tp"',
  ),
};

// The API server forbids what it does not know, too.
test('not installed, for somebody without rights', trouble, {
  answers: { ...ONE_PORT, ...NO_SESSIONS },
  code: 'NOT_INSTALLED',
  exitCode: 3,
  says: /kubectl tp install/,
});

test('no right to hold a session', trouble, {
  answers: {
    ...ONE_PORT,
    ...NO_SESSIONS,
    'GET /apis/kubectl-tp.dev/v1alpha1': { status: 200, body: {} },
  },
  code: 'MISSING_RIGHT',
  exitCode: 3,
  says: /User "ann" may not create sessions[\s\S]*--role=tp-user --user=ann/,
});

test('a webhook that does not answer', trouble, {
  answers: {
    ...ONE_PORT,
    [`POST ${SESSIONS}`]: refusal(
      500,
      'InternalError',
      'Internal error occurred: failed calling webhook "sessions.kubectl-tp.dev": EOF',
    ),
  },
  code: 'WEBHOOK_UNREACHABLE',
  exitCode: 3,
  says: /component=webhook/,
});

test('a cluster without native sidecars', trouble, {
  answers: { 'GET /version': { status: 200, body: { major: '1', minor: '28+', gitVersion: 'v1.28.9' } } },
  line: 'install --no-helm',
  code: 'CLUSTER_TOO_OLD',
  exitCode: 3,
  says: /v1\.28\.9/,
});

test('no right to install', trouble, {
  answers: {
    'GET /version': { status: 200, body: { major: '1', minor: '33', gitVersion: 'v1.33.0' } },
    'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews': {
      status: 201,
      body: { status: { allowed: false } },
    },
  },
  line: 'install --no-helm',
  code: 'MISSING_RIGHT',
  exitCode: 3,
  says: /customresourcedefinitions[\s\S]*--dry-run/,
});
