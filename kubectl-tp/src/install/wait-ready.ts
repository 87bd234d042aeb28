// Waits until the cluster part works: its Deployments are rolled out and the API server trusts its webhook.

import {
  COMPONENT_LABEL,
  DEPLOYMENTS,
  EVENTS,
  MUTATING_WEBHOOKS,
  PODS,
  WEBHOOK_CONFIGURATION,
} from '@kubectl-tp/control-plane/api';
import { isRolledOut, type KubernetesClient, type KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { followObjects } from '../kubernetes/follow.ts';
import type { Container, Event, Pod, Workload } from '../kubernetes/objects.ts';
import { findCause } from '../kubernetes/why-not-ready.ts';
import { createBell } from '../waiting/bell.ts';
import { waitUntil } from '../waiting/wait-until.ts';

type WebhookConfiguration = KubernetesObject & { webhooks?: { clientConfig: { caBundle?: string } }[] };

type Options = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

export async function waitUntilReady({ client, namespace, timeoutMs, signal, progress }: Options): Promise<void> {
  const watches = new AbortController();
  const bell = createBell();
  const everywhere = { signal: AbortSignal.any([signal, watches.signal]), onChange: bell.ring };
  const where = { ...everywhere, namespace };
  const deployments = followObjects<Workload>(client, DEPLOYMENTS, { ...where, labelSelector: COMPONENT_LABEL });
  const pods = followObjects<Pod>(client, PODS, { ...where, labelSelector: COMPONENT_LABEL });
  const events = followObjects<Event>(client, EVENTS, { ...where, fieldSelector: 'type=Warning' });
  const fieldSelector = `metadata.name=${WEBHOOK_CONFIGURATION}`;
  const webhooks = followObjects<WebhookConfiguration>(client, MUTATING_WEBHOOKS, { ...everywhere, fieldSelector });
  const look = () => {
    const wanted = deployments() ?? [];
    const step = nextStep(wanted, webhooks() ?? []);
    const current = (pods() ?? []).filter((pod) => wanted.some((deployment) => isFromTemplate(pod, deployment)));
    const view = { namespace, pods: current, events: events() ?? [], sinceMs: 0 };
    return step === undefined ? undefined : { step, cause: findCause(view) };
  };
  const timedOut = (said: string) => notReady(namespace, said, timeoutMs);
  try {
    await waitUntil({ look, bell, timeoutMs, timedOut, signal, progress });
  } finally {
    watches.abort();
  }
}

/** What is still waited for; undefined when nothing is. */
function nextStep(deployments: readonly Workload[], webhooks: readonly WebhookConfiguration[]): string | undefined {
  if (deployments.length === 0) return 'Waiting for the Deployments';
  const unready = deployments.filter((deployment) => !isRolledOut(deployment)).map(({ metadata }) => metadata.name);
  if (unready.length > 0) return `Waiting for ${unready.toSorted().join(', ')}`;
  const isTrusted = webhooks.some(({ webhooks }) => webhooks?.every(({ clientConfig }) => clientConfig.caBundle));
  return isTrusted ? undefined : "Waiting for the webhook's certificate";
}

/** Pods of an earlier, failed install say nothing about this one. */
function isFromTemplate({ spec }: Pod, { spec: { template } }: Workload): boolean {
  const imageOf = (containers: readonly Container[]) => containers.map(({ name, image }) => `${name}=${image}`).join();
  return imageOf(spec.containers) === imageOf(template.spec.containers);
}

function notReady(namespace: string, said: string, timeoutMs: number): TpError {
  return new TpError('INSTALL_NOT_READY', `The cluster part is not ready after ${timeoutMs / 1000} s: ${said}`, {
    hint: `See why: kubectl -n ${namespace} get pods; run the command again to go on waiting`,
  });
}
