import test from 'ava';
import { LabError } from '../../../lab/errors.ts';
import { buildLoadCommand } from '../../../lab/image-loading.ts';

const wanted = test.macro({
  exec: (t, context: string, nodeLabels: Record<string, string>, command: string) => {
    const built = buildLoadCommand({ context, nodeLabels }, 'all.tar');
    t.is([built.command, ...built.args].join(' '), command);
  },
  title: (_, context: string, labels: Record<string, string>) =>
    `loads images the way of "${context}" ${Object.keys(labels).join()}`,
});

test(wanted, 'kind-dev', {}, 'kind load image-archive all.tar --name dev');
test(wanted, 'k3d-my-shop', {}, 'k3d image import all.tar --cluster my-shop');
test(wanted, 'minikube', { 'minikube.k8s.io/name': 'minikube' }, 'minikube image load all.tar --profile minikube');
// A minikube profile may have any name, and so may its context.
test(wanted, 'kind-of-mine', { 'minikube.k8s.io/name': 'p2' }, 'minikube image load all.tar --profile p2');

test('says what to do where images must come from a registry', (t) => {
  const error = t.throws(() => buildLoadCommand({ context: 'prod', nodeLabels: {} }, 'all.tar'), {
    instanceOf: LabError,
  });
  t.is(error?.code, 'LAB_UNKNOWN_CLUSTER');
  t.regex(error?.hint ?? '', /all\.tar.*TP_IMAGE/);
});
