// Turns what the API server refuses into what happened, why, and the next command to type.

import { GROUP } from '@kubectl-tp/control-plane/api';
import { isNotFound, isUnreachable, KubernetesError } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { seePods } from './see-pods.ts';
import { unauthorized } from './unauthorized.ts';
import { unreachable } from './unreachable.ts';

/** `User "bob" cannot create resource "intercepts" in API group "kubectl-tp.dev" in the namespace "team-a"` */
const FORBIDDEN =
  /User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)"| at the cluster scope)?/;
const DENIED_BY_WEBHOOK = /^admission webhook "[^"]*" denied the request(?: without explanation)?:? ?/;
/** For people who use kubectl: here it would stand before a code of ours. */
const WEBHOOK_CODE = / \([A-Z_]+\)$/;
const DENIED_BY_POLICY = /ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request: /;
const WEBHOOK_FAILED = /failed calling webhook "[^"]*"/;

/** Passes other errors on as they are; keeps the original as `cause`, so that callers can still ask isNotFound. */
export function fromKubernetesError(error: unknown, installNamespace: string): unknown {
  if (isTimeout(error)) return unreachable('The API server did not answer within --request-timeout.', error);
  if (!(error instanceof KubernetesError)) return error;
  if (isUnreachable(error)) return unreachable(error.message, error);
  if (error.status === 401 || error.code === 'KUBERNETES_CREDENTIALS')
    return unauthorized(`The API server does not accept the credentials: ${error.message}`, error);
  if (WEBHOOK_FAILED.test(error.message)) return webhookUnreachable(error, installNamespace);
  if (DENIED_BY_WEBHOOK.test(error.message)) return deniedByWebhook(error);
  if (DENIED_BY_POLICY.test(error.message)) return deniedByPolicy(error);
  if (FORBIDDEN.test(error.message)) return missingRight(error, installNamespace);
  if (isUnknownResource(error)) return notInstalled(installNamespace, error);
  return new TpError('REQUEST_REFUSED', `The API server refused: ${error.message}`, {
    hint: 'These are its own words, about a quota, a limit or a policy: ask whoever runs the cluster.',
    cause: error,
  });
}

/** Whether a right on a resource of ours is missing. */
export function isForbiddenOfOurs(error: unknown): boolean {
  return error instanceof KubernetesError && FORBIDDEN.exec(error.message)?.[4] === GROUP;
}

export function notInstalled(installNamespace: string, cause?: unknown): TpError {
  return new TpError('NOT_INSTALLED', `kubectl tp is not installed in namespace ${installNamespace} of this cluster.`, {
    hint: 'Install it with `kubectl tp install`, or name its namespace by --tp-namespace or TP_NAMESPACE.',
    cause,
  });
}

/** The API's own answer behind an error of ours, if that is what it comes from. */
export function apiErrorOf(error: unknown): KubernetesError | undefined {
  if (error instanceof KubernetesError) return error;
  return error instanceof TpError ? apiErrorOf(error.cause) : undefined;
}

/** Undefined for what the API server does not have. */
export async function ifFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(apiErrorOf(error))) return undefined;
    throw error;
  }
}

function missingRight(error: KubernetesError, installNamespace: string): TpError {
  const [, user = '', verb = '', resource = '', group = '', namespace] = FORBIDDEN.exec(error.message) ?? [];
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
  const what = group === '' ? resource : `${resource}.${group}`;
  return new TpError('MISSING_RIGHT', `User "${user}" may not ${verb} ${what} ${where}.`, {
    hint: grantHint({ user, right: `${verb} ${what}`, namespace, installNamespace }),
    cause: error,
  });
}

/** What the ClusterRole tp-user gives in a namespace; the Role of that name gives everything in the install's. */
const OF_CLUSTER_ROLE =
  /^(\S+ intercepts\.kubectl-tp\.dev|(get|list|watch) (services|pods|events|(deployments|statefulsets|daemonsets|replicasets)\.apps))$/;

/** What the ClusterRole tp-volumes gives beside a port-forward. */
const OF_VOLUMES_ROLE = /^patch pods\/ephemeralcontainers$/;

type Missing = { user: string; right: string; namespace: string | undefined; installNamespace: string };

function grantHint({ user, right, namespace, installNamespace }: Missing): string {
  if (namespace === undefined) {
    const alone = right === 'list intercepts.kubectl-tp.dev' ? ' Of one namespace: kubectl tp list -n NAMESPACE' : '';
    return `An administrator of the cluster has this right.${alone}`;
  }
  const isThere = namespace === installNamespace;
  const name = OF_VOLUMES_ROLE.test(right) ? 'tp-volumes' : 'tp-user';
  const role = isThere && name === 'tp-user' ? '--role=tp-user' : `--clusterrole=${name}`;
  if (!isThere && name === 'tp-user' && !OF_CLUSTER_ROLE.test(right)) {
    return `Ask whoever grants rights in that namespace; to see yours: kubectl -n ${namespace} auth can-i --list`;
  }
  const elsewhere = isThere ? '\nIf kubectl tp is installed in another namespace: --tp-namespace NAME' : '';
  return `Ask an administrator: kubectl -n ${namespace} create rolebinding ${name}-${dnsName(user)} ${role} --user=${user}${elsewhere}`;
}

function deniedByWebhook(error: KubernetesError): TpError {
  const words = error.message.replace(DENIED_BY_WEBHOOK, '').replace(WEBHOOK_CODE, '');
  const code = error.status === 409 || error.reason === 'Conflict' ? 'CONFLICT' : 'INTERCEPT_REFUSED';
  const { message, hint } = splitRemedy(words === '' ? error.message : words);
  return new TpError(code, message, { hint, cause: error });
}

/** The cluster part puts what to type next on a line of its own. */
export function splitRemedy(text: string): { message: string; hint: string | undefined } {
  const [message = '', ...remedy] = text.split('\n');
  return { message, hint: remedy.length === 0 ? undefined : remedy.join('\n') };
}

function deniedByPolicy(error: KubernetesError): TpError {
  const sentence = error.message.split(DENIED_BY_POLICY).at(-1) ?? error.message;
  return new TpError('MISSING_RIGHT', `A policy of the cluster refuses this: ${sentence}`, {
    hint: 'See who you are to the cluster: kubectl auth whoami',
    cause: error,
  });
}

function webhookUnreachable(error: KubernetesError, installNamespace: string): TpError {
  return new TpError('WEBHOOK_UNREACHABLE', `The API server can't call the webhook of kubectl tp: ${error.message}`, {
    hint: seePods(installNamespace, 'webhook', 'pods,endpointslices'),
    cause: error,
  });
}

/** The API server has no such resource, as opposed to: it has no such object. */
function isUnknownResource(error: KubernetesError): boolean {
  return (
    error.status === 404 &&
    error.details?.name === undefined &&
    /could not find the requested resource|page not found/.test(error.message)
  );
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

function dnsName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}
