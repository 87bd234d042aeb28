// Law: what is read without the YAML package is read as the package reads it.

import test from 'ava';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { readPlainYaml } from '../../../kubectl-tp/src/kubernetes/read-plain-yaml.ts';

const TEXTS = [
  ...['https://127.0.0.1:6443', 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==', '/home/me/.minikube/ca.crt', 'a b', 'a, b'],
  ...[
    'Fri, 01 Jan 2021 10:00:00 UTC',
    'v1',
    'arn:aws:eks:eu-west-1:1:cluster/x',
    'true',
    'null',
    'yes',
    '12',
    '1e3',
    '0x1f',
  ],
  ...[
    '',
    ' ',
    '-',
    '- a',
    'a: b',
    'a #b',
    'a:',
    '#',
    '"q"',
    "it's",
    '~',
    '*a',
    '&a b',
    '|',
    '{}',
    '[]',
    '.inf',
    '...',
    '---',
    '1:2',
  ],
];
/** What may stand anywhere in a file that somebody has edited. */
const EDITS = [
  ...' \n:-#"\'&*!|>{}[],?%@`~\t\r\\',
  '\n  ',
  ': ',
  ' #',
  '- ',
  '---\n',
  '...\n',
  '<<: ',
  '\n\n',
  'null',
  '\uFEFF',
  'é',
];

const TEXT = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...TEXTS) }, fc.string());
const KEY = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('name', 'cluster', 'current-context', 'as-user-extra', 'example.io/x', 'n') },
  fc.constantFrom('__proto__', 'true', '12', '', 'a b', 'constructor', '<<'),
);
const { value: VALUE } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    TEXT,
    fc.constantFrom(true, false, null, 7),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(KEY, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

/** As minikube and kubectl leave it, shortened. */
const KUBECONFIG = {
  apiVersion: 'v1',
  clusters: [
    {
      cluster: {
        'certificate-authority': '/home/me/.minikube/ca.crt',
        extensions: [
          { extension: { 'last-update': 'Fri, 01 Jan 2021 10:00:00 UTC', version: 'v1.34.0' }, name: 'cluster_info' },
        ],
        server: 'https://192.168.49.2:8443',
      },
      name: 'minikube',
    },
  ],
  contexts: [{ context: { cluster: 'minikube', namespace: 'default', user: 'me' }, name: 'minikube' }],
  'current-context': 'minikube',
  kind: 'Config',
  preferences: {},
  users: [
    {
      name: 'me',
      user: { exec: { args: ['get-token', '--cluster'], command: 'aws', env: null, provideClusterInfo: false } },
    },
    { name: 'you', user: { 'client-key-data': 'LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCg==' } },
  ],
};

test('as it is written', (t) => {
  const styles = [{ lineWidth: 0, indentSeq: false }, { lineWidth: 0 }, {}, { indent: 4 }];
  let plain = 0;
  fc.assert(
    fc.property(VALUE, fc.constantFrom(...styles), (value, style) => {
      if (isSame(t, stringify(value, style))) plain++;
    }),
    { numRuns: 2000 },
  );
  t.true(plain > 100, `only ${plain} were plain`);
});

test('as people edit it', (t) => {
  const text = stringify(KUBECONFIG, { lineWidth: 0, indentSeq: false });
  t.deepEqual(readPlainYaml(text), KUBECONFIG);
  const edits = fc.array(fc.tuple(fc.nat({ max: text.length }), fc.constantFrom(...EDITS), fc.nat({ max: 2 })), {
    minLength: 1,
    maxLength: 3,
  });
  let plain = 0;
  fc.assert(
    fc.property(edits, (changes) => {
      if (isSame(t, changes.reduce(edit, text))) plain++;
    }),
    { numRuns: 3000 },
  );
  t.true(plain > 100, `only ${plain} were plain`);
});

function edit(text: string, [place, added, removed]: [number, string, number]): string {
  return text.slice(0, place) + added + text.slice(place + removed);
}

function isSame(t: { deepEqual(a: unknown, b: unknown, message: string): unknown }, text: string): boolean {
  const read = readPlainYaml(text);
  if (read !== undefined) t.deepEqual(read, parse(text), JSON.stringify(text));
  return read !== undefined;
}
