// The chart's admission policies on a real API server, at work for the objects in fixtures/policy-objects.ts: rendered for
// their namespace and API group, so that no webhook answers first.

import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import * as objects from '../fixtures/policy-objects.ts';
import { type ApiAnswer, type ApiUser, type ImpersonatingApi, openImpersonatingApi } from './impersonating-api.ts';
import { labCluster } from './lab.ts';
import { helmPath } from './programs.ts';
import { waitFor } from './wait-for.ts';

const { GROUP, NAMESPACE } = objects;
const CHART = fileURLToPath(new URL('../../charts/tp', import.meta.url));

export const OURS = `/apis/${GROUP}/v1alpha1/namespaces/${NAMESPACE}`;
export const WORKLOADS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
export const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
export const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

type Rendered = { kind: string; metadata: { name: string } };
export type Call = (api: ImpersonatingApi) => Promise<ApiAnswer>;

/** All requests of the tests are asked only. */
const DRY = '?dryRun=All';
export const create =
  (user: ApiUser, path: string, body: object): Call =>
  (api) =>
    api.ask(user, { method: 'POST', path: path + DRY, body });
export const patch =
  (user: ApiUser, path: string, body: object): Call =>
  (api) =>
    api.ask(user, {
      method: 'PATCH',
      path: path + DRY,
      body,
      type: `application/${Array.isArray(body) ? 'json' : 'merge'}-patch+json`,
    });
export const remove =
  (user: ApiUser, path: string): Call =>
  (api) =>
    api.ask(user, { method: 'DELETE', path: path + DRY });

/** Resolves when every policy refuses; there are an Intercept and a Session `one` of alice then. */
export async function openPolicies(): Promise<ImpersonatingApi> {
  const cluster = await labCluster();
  const rendered = await render();
  const of = (pattern: RegExp) => rendered.filter(({ kind }) => pattern.test(kind));
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await cluster.apply([namespace, ...objects.buildRights()]);
  await cluster.apply([...of(/^ValidatingAdmissionPolicy/), ...of(/^CustomResourceDefinition$/)]);
  await cluster.apply([
    objects.buildWebhookConfiguration(),
    ...objects.KINDS.flatMap(objects.buildWorkloads),
    ...objects.LEASE_NAMES.map((name) => objects.buildLease(name)),
  ]);
  await cluster.kubectl(['wait', '--for=condition=Established', `crd/intercepts.${GROUP}`, `crd/sessions.${GROUP}`]);
  const api = await openImpersonatingApi(cluster);
  await waitFor('the policies', () => areAtWork(api));
  const add = (plural: string, body: object) =>
    api.ask(objects.ALICE, { method: 'POST', path: `${OURS}/${plural}`, body });
  await add('intercepts', objects.buildIntercept('one', 'alice'));
  await add('sessions', objects.buildSession('one', 'alice'));
  return api;
}

/** A policy works from the moment at which its own refusal is seen. */
async function areAtWork(api: ImpersonatingApi): Promise<boolean> {
  const labelled = { metadata: { labels: { a: 'b' } } };
  const calls = [
    create(objects.BOB, `${OURS}/intercepts`, objects.buildIntercept('new', 'somebody')),
    patch(objects.CONTROL_PLANE, `${WORKLOADS}/deployments/web`, labelled),
    patch(objects.CONTROL_PLANE, `${WEBHOOKS}/${NAMESPACE}`, labelled),
    create(objects.RELAY, LEASES, objects.buildLease('new.other')),
  ];
  const answers = await Promise.all(calls.map((call) => call(api)));
  return answers.every(({ message }) => /denied request/.test(message));
}

/** Waits for the namespace, which another run may want at once. */
export async function removePolicies(): Promise<void> {
  const cluster = await labCluster();
  const rendered = await render();
  const end = (kind: string, ...names: string[]) => cluster.kubectl(['delete', kind, '--ignore-not-found', ...names]);
  for (const kind of ['CustomResourceDefinition', 'ValidatingAdmissionPolicyBinding', 'ValidatingAdmissionPolicy']) {
    await end(kind, ...rendered.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name));
  }
  await end('clusterrole,clusterrolebinding', NAMESPACE, `${NAMESPACE}-administer`);
  await end('mutatingwebhookconfiguration', NAMESPACE);
  await end('namespace', NAMESPACE);
}

async function render(): Promise<Rendered[]> {
  const home = join(tmpdir(), 'kubectl-tp-helm');
  const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  const args = ['template', 'tp', CHART, '--namespace', NAMESPACE, '--include-crds'];
  const { stdout } = await promisify(execFile)(await helmPath(), args, { env, maxBuffer: 8 << 20 });
  return parseAllDocuments(regroup(stdout)).flatMap((document): Rendered[] => document.toJS() ?? []);
}

/** Group and names of the test's own. */
function regroup(text: string): string {
  return text
    .replaceAll('kubectl-tp.dev', GROUP)
    .replaceAll(/^( +(?:name|policyName): )kubectl-tp-/gm, `$1${NAMESPACE}-`);
}
