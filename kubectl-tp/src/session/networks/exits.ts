// Ways out of the cluster's pods for this laptop's connections: one object per target, there while somebody uses it, and
// proven before anybody does.

import { setTimeout as delay } from 'node:timers/promises';
import { AGENT_EXIT_PORT, type Intercept } from '@kubectl-tp/control-plane/api';
import { describeTarget } from '@kubectl-tp/control-plane/match';
import { TpError } from '../../errors.ts';
import type { InterceptName } from '../../ipc/intercept-messages.ts';
import type { ConnectRequest } from '../../ipc/network-messages.ts';
import { findPodsOf } from '../../kubernetes/target.ts';
import { DialError } from '../../outbound/dialer.ts';
import { createExitDialer, type ExitDialer } from '../../outbound/exit-dialer.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { createTlsIdentity } from '../../tunnel/tls-identity.ts';
import type { CallTools } from '../call-tools.ts';
import { buildExit } from '../intercepts/build-intercept.ts';
import { createOrUpdate } from '../intercepts/create-or-update.ts';
import { waitForIntercept } from '../intercepts/wait-for-intercept.ts';
import type { LiveSession } from '../live-session.ts';
import type { Session } from '../session.ts';

/** Agents and relays may hear of an exit a moment after the control plane has said that it is there. */
const PROOF_AGAIN_MS = 200;

export type ExitRequest = Required<Pick<ConnectRequest, 'namespace' | 'via' | 'timeoutMs'>>;

export type OpenExit = {
  readonly dialer: ExitDialer;
  readonly name: InterceptName;
  /** The last who leaves ends it. */
  leave(): Promise<void>;
};

/** Resolves when connections were seen to get through. Throws TpError, or the signal's reason; leaves nothing then. */
export async function openExit(
  session: Session,
  { live, outbound, request }: { live: LiveSession; outbound: Outbound; request: ExitRequest },
  tools: CallTools,
): Promise<OpenExit> {
  const { client } = session.cluster;
  const { namespace, via: target, timeoutMs } = request;
  const pods = await findPodsOf(client, { namespace, target, command: 'connect --via' }, tools.signal);
  await session.follow(namespace);
  tools.progress(`Opening a way out by the pods of ${describeTarget(target)} in ${namespace}`);
  const wish = buildExit({ namespace, target, session: live.identity.session });
  let made: Intercept | undefined;
  const leave = await live.exits.enter(wish.metadata, async () => {
    if (made !== undefined) await session.leave(made);
  });
  try {
    const { object } = await createOrUpdate(client, wish);
    made = object;
    live.table.put(object);
    await waitForIntercept({
      live,
      client,
      intercept: object.metadata,
      target: pods,
      installNamespace: session.installNamespace,
      timeoutMs,
      ...tools,
    });
    const dialer = createExitDialer({
      open: outbound.open,
      exit: object.metadata,
      identity: createTlsIdentity(live.certificate.current),
    });
    await prove(dialer, object, { ...tools, timeoutMs });
    return { dialer, name: { namespace, name: object.metadata.name }, leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function prove(
  dialer: ExitDialer,
  { metadata: { namespace, name } }: Intercept,
  { signal, progress, timeoutMs }: CallTools & { timeoutMs: number },
): Promise<void> {
  progress('Looking whether connections get through the agents');
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await dialer.prove(signal);
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      if (Date.now() >= deadlineMs) {
        throw new TpError('EXIT_CLOSED', `No connection leaves by intercept ${name}: ${error.message}`, {
          hint: `The relays connect to the agents, by port ${AGENT_EXIT_PORT} as a rule; see what keeps them: kubectl -n ${namespace} get networkpolicies`,
          cause: error,
        });
      }
    }
    await delay(PROOF_AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
