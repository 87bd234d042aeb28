// What the API server refuses, as what happened, why, and what to type next.

import test from 'ava';
import { KubernetesError } from '../../../control-plane/src/kubernetes/index.ts';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import { fromKubernetesError } from '../../../kubectl-tp/src/kubernetes/translate-error.ts';

const translated = test.macro({
  exec: (t, status: number, text: string, code: string, message: RegExp, hint: RegExp | undefined) => {
    const error = fromKubernetesError(new KubernetesError('KUBERNETES_REFUSED', text, { status }), 'kubectl-tp');
    if (!(error instanceof TpError)) return t.fail('not translated');
    t.is(error.code, code as typeof error.code);
    t.regex(error.message, message);
    if (hint === undefined) t.is(error.hint, undefined);
    else t.regex(error.hint ?? '', hint);
  },
  title: (_, status: number, text: string) => `${status} ${text.slice(0, 90)}`,
});

test(
  translated,
  403,
  'intercepts.kubectl-tp.dev is forbidden: User "bob@x.org" cannot create resource "intercepts" in API group "kubectl-tp.dev" in the namespace "team-a"',
  'MISSING_RIGHT',
  /^User "bob@x.org" may not create intercepts.kubectl-tp.dev in namespace team-a\.$/,
  /kubectl -n team-a create rolebinding tp-user-bob-x-org --clusterrole=tp-user --user=bob@x.org$/,
);
test(
  translated,
  403,
  'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "kubectl-tp"',
  'MISSING_RIGHT',
  /may not list pods in namespace kubectl-tp/,
  /--role=tp-user --user=bob\n.*--tp-namespace NAME$/,
);
test(
  translated,
  403,
  'services "web" is forbidden: User "bob" cannot get resource "services" in API group "" in the namespace "team-a"',
  'MISSING_RIGHT',
  /may not get services in namespace team-a/,
  /kubectl -n team-a create rolebinding tp-user-bob --clusterrole=tp-user --user=bob$/,
);
test(
  translated,
  403,
  'deployments.apps "web" is forbidden: User "bob" cannot patch resource "deployments" in API group "apps" in the namespace "team-a"',
  'MISSING_RIGHT',
  /may not patch deployments.apps in namespace team-a/,
  /kubectl -n team-a auth can-i --list$/,
);
test(
  translated,
  403,
  'intercepts.kubectl-tp.dev is forbidden: User "bob" cannot list resource "intercepts" in API group "kubectl-tp.dev" at the cluster scope',
  'MISSING_RIGHT',
  /in the whole cluster/,
  / right\. Of one namespace: kubectl tp list -n NAMESPACE$/,
);
test(
  translated,
  403,
  'namespaces is forbidden: User "bob" cannot create resource "namespaces" in API group "" at the cluster scope',
  'MISSING_RIGHT',
  /in the whole cluster/,
  /administrator/,
);
test(
  translated,
  409,
  'admission webhook "intercepts.kubectl-tp.dev" denied the request: Intercept team-a/x of ann has it',
  'CONFLICT',
  /^Intercept team-a\/x of ann has it$/,
  undefined,
);
test(
  translated,
  409,
  'admission webhook "intercepts.kubectl-tp.dev" denied the request: x of ann (her own) has it.\nWait, or ask ann (INTERCEPT_CONFLICT)',
  'CONFLICT',
  /^x of ann \(her own\) has it\.$/,
  /^Wait, or ask ann$/,
);
test(
  translated,
  403,
  'admission webhook "intercepts.kubectl-tp.dev" denied the request: no such session',
  'INTERCEPT_REFUSED',
  /^no such session$/,
  undefined,
);
test(
  translated,
  403,
  "intercepts.kubectl-tp.dev \"x\" is forbidden: ValidatingAdmissionPolicy 'tp' with binding 'tp' denied request: only its owner may",
  'MISSING_RIGHT',
  /only its owner may$/,
  /auth whoami/,
);
test(
  translated,
  500,
  'Internal error occurred: failed calling webhook "intercepts.kubectl-tp.dev": connection refused',
  'WEBHOOK_UNREACHABLE',
  /connection refused/,
  /component=webhook/,
);
test(translated, 401, 'Unauthorized', 'UNAUTHORIZED', /credentials/, /auth whoami/);
test(
  translated,
  404,
  'the server could not find the requested resource',
  'NOT_INSTALLED',
  /not installed/,
  /tp install/,
);
test(translated, 422, 'spec is invalid', 'REQUEST_REFUSED', /spec is invalid/, /whoever runs the cluster/);

test('a server that does not answer, and one that is too slow', (t) => {
  const away = new KubernetesError('KUBERNETES_UNREACHABLE', 'The API server x does not answer');
  t.like(fromKubernetesError(away, 'kubectl-tp'), { code: 'CLUSTER_UNREACHABLE' });
  const slow = new DOMException('', 'TimeoutError');
  t.like(fromKubernetesError(slow, 'kubectl-tp'), { code: 'CLUSTER_UNREACHABLE' });
});

test('other errors pass', (t) => {
  const error = new Error('x');
  t.is(fromKubernetesError(error, 'kubectl-tp'), error);
});
