// Starts a volume server in a pod: a new ephemeral container, with the user's own rights.

import { randomBytes, randomInt } from 'node:crypto';
import { COMPONENT_LABEL, PODS } from '@kubectl-tp/control-plane/api';
import { isConflict, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { SECRET_BYTES } from '@kubectl-tp/control-plane/protocol';
import { TpError } from '../../errors.ts';
import type { Container, ContainerStatus, Pod } from '../../kubernetes/objects.ts';
import { apiErrorOf } from '../../kubernetes/translate-error.ts';
import type { LiveMount } from '../mounts.ts';
import { buildVolumeContainer, type RunningServer, statusOf, VOLUME_CONTAINER_PREFIX } from './volume-container.ts';

export type ServerWish = {
  readonly client: KubernetesClient;
  readonly installNamespace: string;
  readonly pod: Pod;
  readonly container: Container;
  readonly mounts: readonly LiveMount[];
  readonly publicKey: string;
};

/** An image of 150 MB has to come first. */
const START_TIMEOUT_MS = 60_000;
/** Below those that the kernel gives to connections that go out. */
const PORTS = { first: 20_000, end: 32_000 } as const;
const ATTEMPTS = 5;
const FAILING = /^(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|Create\w*Error|RunContainerError)$/;

/** Resolves when its container runs; it listens a moment later. Throws what keeps it from running. */
export async function startVolumeServer(wish: ServerWish, signal: AbortSignal): Promise<RunningServer> {
  const name = VOLUME_CONTAINER_PREFIX + randomBytes(4).toString('hex');
  const port = randomInt(PORTS.first, PORTS.end);
  const secret = randomBytes(SECRET_BYTES).toString('base64');
  const image = await findImage(wish, signal);
  await addContainer(wish, { name, port, secret, ...image }, signal);
  await waitRunning(wish, name, signal);
  return { name, port, secret };
}

type Image = { readonly image: string; readonly imagePullPolicy?: string };

/** The cluster part's own, which may be run in the cluster and fits its version. */
async function findImage({ client, installNamespace }: ServerWish, signal: AbortSignal): Promise<Image> {
  const where = { namespace: installNamespace, labelSelector: `${COMPONENT_LABEL}=relay`, signal };
  const containers = (await client.list<Pod>(PODS, where)).flatMap(({ spec }) => spec.containers);
  const relay = containers.find(({ name }) => name === 'relay');
  if (relay?.image === undefined) {
    throw new TpError(
      'NOT_INSTALLED',
      `kubectl tp is not installed in namespace ${installNamespace}, so there is no image to serve volumes with.`,
      { hint: 'Ask an administrator of the cluster for: kubectl tp install' },
    );
  }
  const { image, imagePullPolicy } = relay;
  return { image, ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }) };
}

type Made = Image & RunningServer;

/** Others may add one at the same moment; the list is replaced whole. */
async function addContainer(wish: ServerWish, made: Made, signal: AbortSignal): Promise<void> {
  const { client, pod } = wish;
  const { name, namespace } = pod.metadata;
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  for (let attempt = 1; ; attempt += 1) {
    const current = await client.get<Pod>(PODS, ref, { signal });
    const { resourceVersion } = current.metadata;
    const ephemeralContainers = [
      ...(current.spec.ephemeralContainers ?? []),
      buildVolumeContainer({ ...wish, ...made, pod: current }),
    ];
    const patch = { metadata: { resourceVersion }, spec: { ephemeralContainers } };
    try {
      await client.patch(PODS, ref, patch, { subresource: 'ephemeralcontainers', signal });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !isConflict(apiErrorOf(error))) throw error;
    }
  }
}

async function waitRunning(
  { client, pod: { metadata } }: ServerWish,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const { name: podName, namespace } = metadata;
  const limit = AbortSignal.timeout(START_TIMEOUT_MS);
  const over = new AbortController();
  const events = client.watch<Pod>(PODS, {
    ...(namespace === undefined ? {} : { namespace }),
    fieldSelector: `metadata.name=${podName}`,
    signal: AbortSignal.any([signal, limit, over.signal]),
  });
  try {
    for await (const event of events) {
      const pod =
        event.type === 'listed' ? event.objects.find(({ metadata: { name } }) => name === podName) : event.object;
      if (pod === undefined || event.type === 'deleted') throw failed(podName, 'the pod is gone');
      if (isRunning(pod, name, statusOf(pod, name))) return;
    }
  } finally {
    over.abort();
  }
  signal.throwIfAborted();
  throw failed(podName, `its container ${name} does not start within ${START_TIMEOUT_MS / 1000} s`);
}

/** Throws what says that it never will be. */
function isRunning({ metadata }: Pod, name: string, status: ContainerStatus | undefined): boolean {
  const { running, waiting, terminated } = status?.state ?? {};
  if (terminated !== undefined) {
    throw failed(metadata.name, `its container ${name} ended (${terminated.message ?? terminated.reason})`);
  }
  if (waiting?.reason !== undefined && FAILING.test(waiting.reason)) {
    throw failed(metadata.name, `its container ${name} does not start (${waiting.reason}: ${waiting.message ?? ''})`);
  }
  return running !== undefined;
}

function failed(pod: string, why: string): TpError {
  return new TpError('VOLUMES_UNREACHABLE', `Pod ${pod} does not serve its volumes: ${why}.`);
}
