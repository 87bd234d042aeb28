// An ingest: environment and files of a container come to the laptop, requests do not. Needs no part in the cluster.

import { describeTarget } from '@kubectl-tp/control-plane/match';
import type { IngestRequest, IngestResult } from '../../ipc/container-messages.ts';
import type { InterceptName, LeaveRequest } from '../../ipc/intercept-messages.ts';
import { findContainer, noPod } from '../../kubernetes/find-container.ts';
import { findTargetPods } from '../../kubernetes/target.ts';
import type { VolumeOwner } from '../../volumes/volume-record.ts';
import type { CallTools } from '../call-tools.ts';
import type { Holdings } from '../holdings.ts';
import { readContainerState } from './container-state.ts';
import { findShownAddresses } from './find-shown-addresses.ts';

export async function ingest(
  { session, volumes: book }: Holdings,
  request: IngestRequest,
  { signal, progress, inside }: CallTools,
): Promise<IngestResult> {
  const { client } = session.cluster;
  const { namespace, target, container, loaderVariables, volumes } = request;
  progress(`Reading environment and files of ${describeTarget(target)} in ${namespace}`);
  const pods = await findTargetPods(client, { namespace, target, command: 'ingest' }, signal);
  const found = findContainer(pods, { container });
  if (found === undefined) throw noPod(request);
  const state = await readContainerState({
    ...found,
    client,
    target,
    owner: ownerOf(request),
    book,
    shownOf: await findShownAddresses(session.live(), inside),
    loaderVariables,
    volumes,
    ...(request.hold ? { holder: request } : {}),
    signal,
  });
  return { namespace, target: describeTarget(target), pod: found.pod.metadata.name, ...state };
}

/** Ends those that are meant; intercepts are left elsewhere. */
export async function leaveIngests({ volumes }: Holdings, request: LeaveRequest): Promise<InterceptName[]> {
  const chosen = volumes
    .all()
    .map(({ owner }) => owner)
    .filter((owner) => owner.kind === 'ingest' && isMeant(owner, request));
  await Promise.all(chosen.map(volumes.unmount));
  return chosen.map(({ namespace, name }) => ({ namespace, name }));
}

type Ingested = Pick<IngestRequest, 'namespace' | 'target' | 'container' | 'volumes'>;

export function ownerOf({ namespace, target, container, volumes: { root } = {} }: Ingested): VolumeOwner {
  return {
    kind: 'ingest',
    namespace,
    name: describeTarget(target),
    ...(container === undefined ? {} : { container }),
    ...(root === undefined ? {} : { root }),
  };
}

/** `orders` means the Service's and the workload's, as for intercepts. */
function isMeant(owner: VolumeOwner, request: LeaveRequest): boolean {
  if (request.namespace !== undefined && request.namespace !== owner.namespace) return false;
  return request.all || [owner.name, owner.name.split('/').at(-1)].includes(request.name);
}
