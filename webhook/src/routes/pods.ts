// POST /pods: gives new pods their agent. Whatever goes wrong, the pod is created, if need be without an agent: the
// control plane sees that and says so in the Intercept's status.

import { ROLLOUT_ANNOTATION } from '@kubectl-tp/control-plane/api';
import type { FastifyBaseLogger } from 'fastify';
import {
  type AdmissionRequest,
  type AdmissionReviewAnswer,
  buildAllowed,
  checkObject,
  parseAdmissionReview,
} from '../admission/review.ts';
import type { App, AppTools } from '../app-tools.ts';
import { SKIP_REASONS } from '../inject/eligibility.ts';
import { type Injection, injectPod } from '../inject/inject-pod.ts';
import { noteSkip } from '../inject/note-skip.ts';
import { type Pod, PodValidator } from '../inject/pod.ts';

export function addPodRoute(app: App, tools: AppTools): void {
  app.post('/pods', async ({ body, log }) => {
    const request = parseAdmissionReview(body);
    try {
      return await admitPod(request, log, tools);
    } catch (error) {
      tools.metrics.injections.inc({ outcome: 'failed' });
      log.error({ namespace: request.namespace, err: error }, 'pod could not be examined, it is created without agent');
      return buildAllowed(request, { warnings: ['kubectl-tp could not examine this pod, so it gets no agent.'] });
    }
  });
}

async function admitPod(
  request: AdmissionRequest,
  log: FastifyBaseLogger,
  tools: AppTools,
): Promise<AdmissionReviewAnswer> {
  const pod = checkObject(PodValidator, request.object);
  if ('problem' in pod) throw new TypeError(`the pod is malformed: ${pod.problem}`);
  const namespace = request.namespace ?? '';
  const injection = await inject(pod.value, namespace, tools);
  report(injection, { namespace, pod: pod.value.metadata.name ?? pod.value.metadata.generateName }, log, tools);
  const after = injection.outcome === 'injected' ? injection.pod : noteSkip(pod.value, injection.reason);
  return buildAllowed(request, { after });
}

/**
 * A pod of a workload that was rolled for an intercept can be faster than the watch that tells of the intercept, so it
 * is not skipped before the API server itself was asked.
 */
async function inject(pod: Pod, namespace: string, { reader, settings }: AppTools): Promise<Injection> {
  const injection = injectPod(pod, await reader.readNamespace(namespace), settings());
  const isRolled = pod.metadata.annotations?.[ROLLOUT_ANNOTATION] !== undefined;
  const mayBeStale = injection.outcome === 'skipped' && ['NotTargeted', 'NoPort'].includes(injection.reason);
  if (!isRolled || !mayBeStale) return injection;
  return injectPod(pod, await reader.readNamespace(namespace, { fresh: true }), settings());
}

function report(
  injection: Injection,
  names: { namespace: string; pod: string | undefined },
  log: FastifyBaseLogger,
  { metrics }: AppTools,
): void {
  if (injection.outcome === 'injected') {
    metrics.injections.inc({ outcome: 'injected' });
    log.info({ ...names, ports: injection.description.ports }, 'agent injected');
  } else {
    const { reason } = injection;
    metrics.injections.inc({ outcome: 'skipped', reason });
    log.debug({ ...names, reason, meaning: SKIP_REASONS[reason] }, 'no agent injected');
  }
}
