// A replacement: all ports of a target come to the laptop without condition, one intercept each. All are made or none.

import type { InterceptName, InterceptRequest, ReplaceRequest, ReplaceResult } from '../../ipc/intercept-messages.ts';
import { findContainerPort, findTarget, readTarget } from '../../kubernetes/target.ts';
import { pairPorts, targetPorts } from '../../kubernetes/target-ports.ts';
import type { CallTools } from '../call-tools.ts';
import type { Holdings } from '../holdings.ts';
import { intercept } from './intercept.ts';
import { lookAtLaptopPort } from './laptop-port.ts';

export async function replace(holdings: Holdings, request: ReplaceRequest, tools: CallTools): Promise<ReplaceResult> {
  const requests = await buildRequests(holdings, request, tools);
  // At once, so that one rollout brings the agent for all.
  const makers = requests.map((one) => (signal: AbortSignal) => intercept(holdings, one, { ...tools, signal }));
  return { intercepts: await allOrNone(makers, (made) => leaveAll(holdings, made), tools.signal) };
}

/** Makers that fail, or are aborted because another has failed, undo by themselves what they did. */
export async function allOrNone<T>(
  makers: readonly ((signal: AbortSignal) => Promise<T>)[],
  giveBack: (made: readonly T[]) => Promise<void>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const attempts = makers.map((make) =>
    make(either).catch((error) => {
      // The first is the cause of the others.
      failed.abort(error);
      throw error;
    }),
  );
  const settled = await Promise.allSettled(attempts);
  const made = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (made.length === makers.length) return made;
  await giveBack(made);
  throw failed.signal.reason;
}

export async function leaveAll({ session, volumes }: Holdings, intercepts: readonly InterceptName[]): Promise<void> {
  await Promise.all(
    intercepts.map(async ({ namespace, name }) => {
      await session.leaveMatching({ all: false, namespace, name });
      await volumes.unmount({ kind: 'intercept', namespace, name });
    }),
  );
}

async function buildRequests(
  { session }: Holdings,
  request: ReplaceRequest,
  { signal, inside, progress }: CallTools,
): Promise<InterceptRequest[]> {
  const { client } = session.cluster;
  const { ports: wishes, environment, ...rest } = request;
  const found = await readTarget(client, { ...request, command: 'replace' }, signal);
  const what = `${request.target.kind} ${request.target.name}`;
  const pairs = pairPorts(targetPorts(found, request.container), wishes, what);
  const portOf = async (pair: (typeof pairs)[number]) => {
    const target = await findTarget(client, { ...request, ...pair }, signal);
    return findContainerPort(client, { namespace: request.namespace, target }, signal);
  };
  if (!request.portMayBeOpen && (await inside) === undefined) {
    for (const pair of pairs) {
      const port = pair.laptopPort ?? (await portOf(pair));
      // Who names ports may leave the others to the pod.
      const mayComeLater = environment || (wishes.length > 0 && pair.laptopPort === undefined);
      if (port !== undefined) await lookAtLaptopPort(port, { ...request, mayComeLater }, { progress });
    }
  }
  return pairs.map((pair, at) => ({
    ...rest,
    ...pair,
    headers: [],
    portMayBeOpen: true,
    environment: environment && at === 0,
  }));
}
