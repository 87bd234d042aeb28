// What the API server itself refuses: the CRDs under a group of their own, so that no webhook answers first.

import test from 'ava';
import { buildInterceptCrd, buildSessionCrd } from '../../control-plane/src/api/v1alpha1/crd.ts';
import { labCluster } from '../helpers/lab.ts';
import { interceptObject, publicKeyPem, sessionObject } from '../helpers/shop.ts';
import { waitFor } from '../helpers/wait-for.ts';

const GROUP = 'crds.kubectl-tp-test.dev';
const NAMES = ['intercepts', 'sessions'].map((plural) => `${plural}.${GROUP}`);
const regroup = (object: object): object => JSON.parse(JSON.stringify(object).replaceAll('kubectl-tp.dev', GROUP));

test.before(async () => {
  const cluster = await labCluster();
  await cluster.apply([buildInterceptCrd(), buildSessionCrd()].map(regroup));
  await cluster.kubectl(['wait', '--for=condition=Established', ...NAMES.map((name) => `crd/${name}`)]);
  await waitFor('the resources', () =>
    cluster.kubectl(['get', `intercepts.${GROUP}`]).then(
      () => true,
      () => false,
    ),
  );
  await cluster.apply([intercept(), session()]);
});

test.after.always(async () => {
  const cluster = await labCluster();
  await cluster.kubectl(['delete', 'crd', '--ignore-not-found', '--wait=false', ...NAMES]);
});

type Changes = { name?: string; spec?: object };

function intercept({ name = 'one', spec = {} }: Changes = {}): object {
  const { metadata, spec: usual, ...head } = interceptObject();
  return regroup({ ...head, metadata: { name, namespace: 'default' }, spec: { ...usual, ...spec } });
}

function session({ name = 'one', spec = {} }: Changes = {}): object {
  const { metadata, spec: usual, ...head } = sessionObject(KEY);
  return regroup({ ...head, metadata: { name, namespace: 'default' }, spec: { ...usual, ...spec } });
}

const KEY = publicKeyPem();

const refused = test.macro(async (t, object: () => object, why: RegExp) => {
  const cluster = await labCluster();
  const error = await t.throwsAsync(cluster.apply([object()]));
  t.regex(error?.message ?? '', why);
});

const accepted = test.macro(async (t, object: () => object) => {
  const cluster = await labCluster();
  await t.notThrowsAsync(cluster.apply([object()]));
});

const port = (text: string) => () =>
  intercept({ name: 'new', spec: { target: { kind: 'Service', name: 'x', port: text } } });
const headers = (...names: string[]) => ({ match: { headers: names.map((name) => ({ name, value: 'v' })) } });

test(
  'a name that is no DNS label',
  refused,
  () => intercept({ name: 'a.b' }),
  /lower-case letters, digits and hyphens/,
);
test('a long name', refused, () => intercept({ name: 'a'.repeat(64) }), /at most 63 characters/);
test('port 0', refused, port('0'), /number from 1 to 65535/);
test('port 65536', refused, port('65536'), /number from 1 to 65535/);
test('a port name in capitals', refused, port('HTTP'), /name of a port/);
test('a port number', accepted, port('65535'));
test('the same header twice', refused, () => intercept({ name: 'new', spec: headers('a', 'a') }), /Duplicate value/);
test('a header name in capitals', refused, () => intercept({ name: 'new', spec: headers('X-Dev') }), /match/);
for (const value of ['a\u001b[2J', 'a\u009b2J', 'a\nb', '\u007f', '']) {
  const match = { headers: [{ name: 'a', value }] };
  test(
    `a header value that is none: ${JSON.stringify(value)}`,
    refused,
    () => intercept({ name: 'new', spec: { match } }),
    /match/,
  );
}
for (const value of ['me', 'a\tb', 'größer 中 😀']) {
  const match = { headers: [{ name: 'a', value }] };
  const name = `value-${value.length}`;
  test(`a header value: ${JSON.stringify(value)}`, accepted, () => intercept({ name, spec: { match } }));
}
test(
  'another kind of target',
  refused,
  () => intercept({ name: 'new', spec: { target: { kind: 'Job', name: 'x' } } }),
  /Job/,
);
test('another session', refused, () => intercept({ spec: { session: 'bob-1' } }), /session cannot be changed/);
test('another match', refused, () => intercept({ spec: headers('b') }), /match cannot be changed/);
test(
  'another target',
  refused,
  () => intercept({ spec: { target: { kind: 'Service', name: 'x' } } }),
  /target cannot be changed/,
);
test('another owner', refused, () => intercept({ spec: { owner: 'bob' } }), /owner cannot be changed/);
test('another laptop port', accepted, () => intercept({ spec: { laptop: { port: 3001 } } }));
test(
  'another key of a session',
  refused,
  () => session({ spec: { publicKey: publicKeyPem() } }),
  /publicKey cannot be changed/,
);
test('another owner of a session', refused, () => session({ spec: { owner: 'bob' } }), /owner cannot be changed/);

test('defaults are filled in', async (t) => {
  const cluster = await labCluster();
  const { spec, ...head } = intercept({ name: 'least' }) as { spec: Record<string, unknown> };
  const least = { session: spec.session, target: spec.target, match: {}, laptop: spec.laptop };
  await cluster.apply([{ ...head, spec: least }]);
  const json = await cluster.kubectl(['get', `intercepts.${GROUP}`, 'least', '-o', 'json']);
  t.like(JSON.parse(json).spec, { action: 'Redirect', fallback: 'Pod', match: { headers: [] } });
});

test('kubectl get shows the columns', async (t) => {
  const cluster = await labCluster();
  const text = await cluster.kubectl(['get', `intercepts.${GROUP}`, 'one']);
  t.regex(text, /^NAME +TARGET +MATCH +OWNER +READY +AGENTS +AGE/);
});
