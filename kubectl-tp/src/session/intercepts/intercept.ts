// One intercept from the request to the proof: find the target, check the laptop's port, make the object, wait. Undoes
// what it made when it fails or is cancelled.

import type { Intercept } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { describeTarget, explainMatch } from '@kubectl-tp/control-plane/match';
import type { Environment } from '../../environment/collect.ts';
import { TpError } from '../../errors.ts';
import type { InterceptRequest, InterceptResult } from '../../ipc/intercept-messages.ts';
import { describeAgent } from '../../kubernetes/describe-agent.ts';
import { findContainer } from '../../kubernetes/find-container.ts';
import { isReady, isTerminating, type Pod } from '../../kubernetes/objects.ts';
import { findContainerPort, findTarget, type Target } from '../../kubernetes/target.ts';
import type { VolumeBook } from '../../volumes/volume-book.ts';
import type { VolumeOwner } from '../../volumes/volume-record.ts';
import type { CallTools } from '../call-tools.ts';
import { type ContainerState, readContainerState } from '../containers/container-state.ts';
import { findShownAddresses } from '../containers/find-shown-addresses.ts';
import type { Holdings } from '../holdings.ts';
import type { LiveSession } from '../live-session.ts';
import type { Session } from '../session.ts';
import { buildIntercept } from './build-intercept.ts';
import { createOrUpdate } from './create-or-update.ts';
import { lookAtLaptopPort } from './laptop-port.ts';
import { waitForIntercept } from './wait-for-intercept.ts';

export async function intercept(
  { session, volumes }: Holdings,
  request: InterceptRequest,
  tools: CallTools,
): Promise<InterceptResult> {
  const { client } = session.cluster;
  const { namespace } = request;
  const target = await findTarget(client, request, tools.signal);
  const laptopPort =
    request.laptopPort ?? (await findContainerPort(client, { namespace, target }, tools.signal)) ?? unknownPort(target);
  const inside = await tools.inside;
  if (!request.portMayBeOpen && inside === undefined) {
    await lookAtLaptopPort(laptopPort, { ...request, mayComeLater: request.environment }, tools);
  }

  const live = await session.open(tools);
  await session.follow(namespace);
  const wish = buildIntercept({ request, target, laptopPort, session: live.identity.session, nowMs: Date.now() });
  const root = request.environment ? request.volumes?.root : undefined;
  if (root !== undefined) await volumes.assertUsable(volumeOwner(wish), root);
  tools.progress(`Intercepting ${describeTarget(target)} in ${namespace}: ${explainMatch(wish.spec.match)}`);
  const serve = (object: Intercept) => session.serve(object, laptopPort, inside);
  const { object, created } = await live.targets.whileMaking(wish.metadata, () =>
    makeServed({ session, live, wish, serve }),
  );
  try {
    const pods = await waitForIntercept({
      live,
      client,
      intercept: { namespace, name: object.metadata.name },
      target,
      installNamespace: session.installNamespace,
      timeoutMs: request.timeoutMs,
      ...tools,
    });
    if (request.headers.length === 0) live.ownServices.add(target.endpoints, object.metadata);
    return await buildResult({ client, live, volumes, request, target, laptopPort, object, pods, ...tools });
  } catch (error) {
    if (created) await session.leave(object);
    throw error;
  }
}

type ToMake = {
  readonly session: Session;
  readonly live: LiveSession;
  readonly wish: Intercept;
  readonly serve: (object: Intercept) => Promise<void>;
};

/** Takes back what it made when it can't be served. */
async function makeServed({ session, live, wish, serve }: ToMake): Promise<{ object: Intercept; created: boolean }> {
  const made = await createOrUpdate(session.cluster.client, wish);
  live.table.put(made.object);
  try {
    await serve(made.object);
  } catch (error) {
    if (made.created) await session.leave(made.object);
    throw error;
  }
  return made;
}

type Made = {
  readonly client: KubernetesClient;
  readonly live: LiveSession;
  readonly volumes: VolumeBook;
  readonly request: InterceptRequest;
  readonly target: Target;
  readonly laptopPort: number;
  readonly object: Intercept;
  readonly pods: readonly Pod[];
} & Pick<CallTools, 'signal' | 'inside'>;

async function buildResult(made: Made): Promise<InterceptResult> {
  const { live, request, target, object, pods, laptopPort } = made;
  const { name, namespace } = object.metadata;
  const { spec, status } = live.table.get(namespace, name) ?? object;
  const containerPort = status?.appPort ?? target.portIn(pods) ?? laptopPort;
  const readyPods = pods.filter((pod) => isReady(pod) && !isTerminating(pod)).length;
  const state = request.environment ? await readState(made, containerPort) : {};
  return {
    name,
    namespace,
    session: spec.session,
    target: describeTarget(target),
    ...(target.host === undefined ? {} : { host: target.host }),
    headers: spec.match.headers,
    laptop: { port: laptopPort },
    containerPort,
    // Those that were waited for: a pod that becomes ready later gets the intercept before.
    agents: { ready: readyPods, total: readyPods },
    capture: status?.capture ?? findCapture(pods, containerPort) ?? 'Unknown',
    fallback: spec.fallback,
    ...(spec.expiresAt === undefined ? {} : { expiresAt: spec.expiresAt }),
    ...state,
  };
}

/** A pod that went away while it was waited for costs the environment, not the intercept. */
async function readState(made: Made, port: number): Promise<Partial<ContainerState>> {
  const { client, live, volumes: book, request, object, pods, inside, signal } = made;
  const found = findContainer(pods, { container: request.container, port });
  if (found === undefined) return { environment: NO_POD };
  const owner = volumeOwner(object);
  const { loaderVariables, volumes, target } = request;
  const shownOf = await findShownAddresses(live, inside);
  return readContainerState({ ...found, client, target, owner, book, shownOf, loaderVariables, volumes, signal });
}

function volumeOwner({ metadata: { namespace, name } }: Intercept): VolumeOwner {
  return { kind: 'intercept', namespace, name };
}

const NO_POD: Environment = { variables: {}, missing: [{ why: 'everything: no pod to read it from' }] };

/** The status may be a moment behind what the agents have said. */
function findCapture(pods: readonly Pod[], containerPort: number): InterceptResult['capture'] | undefined {
  const ports = pods.flatMap((pod) => describeAgent(pod)?.ports ?? []);
  return ports.find(({ appPort }) => appPort === containerPort)?.capture;
}

function unknownPort({ kind, name, port }: Target): never {
  const message = `No pod of ${kind} ${name} tells the number behind port ${port}, so the local port is unknown.`;
  throw new TpError('PORT_NOT_FOUND', message, { hint: 'Say which local port your process listens on: -p LOCAL' });
}
