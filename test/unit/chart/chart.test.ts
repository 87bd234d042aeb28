// The chart through the real helm: what its schema lets in, and what must hold of everything it renders.

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { parse, parseAllDocuments } from 'yaml';
import { formatRange } from '../../../control-plane/src/addresses/index.ts';
import * as names from '../../../control-plane/src/api/index.ts';
import { parseConfig as parseRelayConfig } from '../../../control-plane/src/relay/config.ts';
import { helmPath } from '../../helpers/programs.ts';

const CHART = fileURLToPath(new URL('../../../charts/tp', import.meta.url));
const MANIFESTS = fileURLToPath(new URL('../../../kubectl-tp/manifests', import.meta.url));
const home = join(tmpdir(), 'kubectl-tp-helm');
const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };

async function helm(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(await helmPath(), args, { env, maxBuffer: 8 << 20 });
  return stdout;
}

type Rendered = { kind: string; metadata: { name: string; namespace?: string }; [field: string]: unknown };

async function render(...settings: string[]): Promise<Rendered[]> {
  const text = await helm('template', 'tp', CHART, '--namespace', 'tp-system', '--include-crds', ...settings);
  return parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
}

const deployments = (objects: Rendered[]) => objects.filter(({ kind }) => kind === 'Deployment');
const find = (objects: Rendered[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);

test('helm finds nothing wrong', async (t) => {
  t.regex(await helm('lint', '--strict', CHART), /0 chart\(s\) failed/);
});

const WRONG = [
  'image=',
  'logLevel=loud',
  'relay.replicas=0',
  'relay.allowCidrs={10.0.0.1}',
  'relay.direct.address=tp.example.com',
  'agent.idleTimeout=soon',
  'unknown=1',
  'imagePullPolicy=no',
];
for (const setting of WRONG) {
  test(`a value that makes no sense is refused: ${setting}`, async (t) => {
    await t.throwsAsync(helm('template', 'tp', CHART, '--set', setting), { message: /values don't meet/ });
  });
}

test('every process runs under the restricted profile, with limits, and says when it is ready', async (t) => {
  const found = deployments(await render());
  t.deepEqual(found.map(({ metadata }) => metadata.name).sort(), ['tp-control-plane', 'tp-relay', 'tp-webhook']);
  for (const deployment of found) {
    t.like(deployment, {
      spec: {
        replicas: 2,
        template: {
          spec: {
            enableServiceLinks: false,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            containers: {
              0: {
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
                readinessProbe: { httpGet: { path: '/readyz' } },
              },
            },
          },
        },
      },
    });
    t.regex(JSON.stringify(deployment), /"limits":\{"memory":/);
  }
});

test('ports and names are those that the code knows', async (t) => {
  const objects = await render();
  const port = (service: string) => find(objects, 'Service', service);
  t.like(port(names.CONTROL_PLANE_SERVICE), {
    spec: { ports: { 0: { port: names.XDS_PORT }, 1: { port: names.REACH_PORT } } },
  });
  t.like(port(names.RELAY_SERVICE), { spec: { ports: { 0: { port: names.RELAY_AGENT_PORT } } } });
  t.like(port(names.WEBHOOK_SERVICE), { spec: { ports: { 0: { port: 443, targetPort: 'webhook' } } } });
  const text = JSON.stringify(deployments(objects));
  for (const number of [
    names.XDS_PORT,
    names.REACH_PORT,
    names.RELAY_AGENT_PORT,
    names.WEBHOOK_PORT,
    names.ADMIN_PORT,
  ]) {
    t.true(text.includes(`"containerPort":${number}`));
  }
  t.truthy(find(objects, 'MutatingWebhookConfiguration', names.WEBHOOK_CONFIGURATION));
});

test('only relays may ask what a session may dial, and they have a token for it', async (t) => {
  const objects = await render('--set-json', 'relay.allowCidrs=["10.8.0.0/16","fd00::/64"]');
  const policy = parse(JSON.stringify(find(objects, 'NetworkPolicy', 'tp-control-plane')));
  type Rule = { from: object[]; ports: { port: string }[] };
  const rules: Rule[] = policy.spec.ingress.filter(({ ports }: Rule) => ports.some(({ port }) => port === 'reach'));
  const labels = { 'app.kubernetes.io/name': 'kubectl-tp', [names.COMPONENT_LABEL]: 'relay' };
  t.deepEqual(rules, [{ from: [{ podSelector: { matchLabels: labels } }], ports: [{ port: 'reach' }] }]);
  const relay = parse(JSON.stringify(find(objects, 'Deployment', 'tp-relay')));
  const { containers, volumes } = relay.spec.template.spec;
  t.like(volumes[0].projected.sources[0].serviceAccountToken, { audience: names.TOKEN_AUDIENCE, path: 'token' });
  const environment = Object.fromEntries(
    containers[0].env.map(({ name, value }: { name: string; value?: string }) => [name, value ?? 'x']),
  );
  const config = parseRelayConfig(environment);
  t.deepEqual(config.allow.map(formatRange), ['10.8.0.0/16', 'fd00::/64']);
  t.is(config.controlPlane.tokenFile, `${containers[0].volumeMounts[0].mountPath}/token`);
  t.is(config.controlPlane.port, names.REACH_PORT);
});

test('relays can be reached without the API server where an address is set, and only there', async (t) => {
  const without = await render();
  t.false(JSON.stringify(without).includes(String(names.RELAY_DIRECT_PORT)));
  t.is(find(without, 'Service', 'tp-relay-direct'), undefined);

  const service = 'relay.direct.service.type=NodePort,relay.direct.service.nodePort=30846';
  const objects = await render('--set', `relay.direct.address=tp.example.com:443,${service}`);
  const { template } = parse(JSON.stringify(find(objects, 'Deployment', 'tp-relay'))).spec;
  t.is(template.metadata.annotations[names.DIRECT_ADDRESS_ANNOTATION], 'tp.example.com:443');
  const [{ env, ports }] = template.spec.containers;
  t.like(
    ports.find(({ name }: { name: string }) => name === 'direct'),
    { containerPort: names.RELAY_DIRECT_PORT },
  );
  const environment = Object.fromEntries(
    env.map(({ name, value = 'x' }: { name: string; value?: string }) => [name, value]),
  );
  t.is(parseRelayConfig(environment).directPort, names.RELAY_DIRECT_PORT);
  t.like(find(objects, 'Service', 'tp-relay-direct'), {
    spec: { type: 'NodePort', ports: { 0: { port: 443, targetPort: 'direct', nodePort: 30846 } } },
  });
  const policy = JSON.stringify(find(objects, 'NetworkPolicy', 'tp-relay'));
  t.true(policy.includes('{"ports":[{"port":"direct"}]}'));

  const elsewhere = await render('--set', 'relay.direct.address=[2001:db8::1]:443,relay.direct.service.type=');
  t.is(find(elsewhere, 'Service', 'tp-relay-direct'), undefined);
});

test('a pod that cannot be examined is created, an object of ours is not', async (t) => {
  const { webhooks } = parse(JSON.stringify(find(await render(), 'MutatingWebhookConfiguration', 'kubectl-tp')));
  const policies = webhooks.map(({ name, failurePolicy }: { name: string; failurePolicy: string }) => [
    name,
    failurePolicy,
  ]);
  t.deepEqual(Object.fromEntries(policies), {
    'pods.kubectl-tp.dev': 'Ignore',
    'intercepts.kubectl-tp.dev': 'Fail',
    'sessions.kubectl-tp.dev': 'Fail',
  });
  const [excluded] = webhooks[0].namespaceSelector.matchExpressions;
  t.deepEqual(excluded.values, ['kube-system', 'tp-system']);
});

test('no rights beyond those that are written down, and none by wildcard', async (t) => {
  const roles = (await render()).filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
  t.notRegex(JSON.stringify(roles), /"\*"/);
  const relay = parse(JSON.stringify(find(roles, 'Role', 'tp-relay')));
  const rights = relay.rules.flatMap(({ resources }: { resources: string[] }) => resources);
  t.deepEqual(rights, ['sessions', 'leases']);
  t.is(find(roles, 'ClusterRole', 'tp-relay'), undefined);
});

test('who administers a namespace may end what belongs to others, but not change it', async (t) => {
  const { rules } = parse(JSON.stringify(find(await render(), 'ClusterRole', 'tp-admin')));
  const { verbs } = rules[0];
  t.deepEqual(
    ['delete', 'administer', 'update', 'patch'].map((verb) => verbs.includes(verb)),
    [true, true, false, false],
  );
});

test('policies cost others nothing, refuse, and stand before the kinds they protect', async (t) => {
  const objects = await render();
  const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
  t.is(policies.length, 4);
  for (const policy of policies) {
    t.like(policy, { spec: { failurePolicy: 'Fail' } });
    const { name } = policy.metadata;
    t.like(find(objects, 'ValidatingAdmissionPolicyBinding', name), {
      spec: { policyName: name, validationActions: ['Deny'] },
    });
    // Either our own kinds only, or one service account only.
    t.regex(
      JSON.stringify(policy.spec),
      /"apiGroups":\["kubectl-tp.dev"\]|username == 'system:serviceaccount:tp-system:tp-/,
    );
  }
  const [, first, second] = (await readdir(MANIFESTS)).toSorted();
  t.deepEqual([first, second], ['2-policies.yaml', '3-crds.yaml']);
});

test('every object says its namespace, so that it can be applied without helm', async (t) => {
  const clusterWide = /^(Cluster|CustomResource|Mutating|Validating|Namespace)/;
  for (const { kind, metadata } of await render('--set', 'createNamespace=true')) {
    if (!clusterWide.test(kind)) t.is(metadata.namespace, 'tp-system', `${kind} ${metadata.name}`);
  }
});

test('who may hold sessions comes from the values', async (t) => {
  t.is(find(await render(), 'RoleBinding', 'tp-user'), undefined);
  const bound = await render('--set-json', 'access.subjects=[{"kind":"Group","name":"developers"}]');
  t.like(find(bound, 'RoleBinding', 'tp-user'), { subjects: [{ kind: 'Group', name: 'developers' }] });
});

test('the manifests in the plugin are what the chart renders to', async (t) => {
  const script = fileURLToPath(new URL('../../../charts/render.ts', import.meta.url));
  await t.notThrowsAsync(promisify(execFile)(process.execPath, [script, '--check']));
});
