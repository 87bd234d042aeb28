// Joins a command's own network to the cluster's for a call whose intercepts are to end there, and lets the laptop's
// programs call the command, too. All of it lasts as long as the effect of the call.

import { describeError } from '../../errors.ts';
import type { HeldVerb, SessionApi } from '../../ipc/api.ts';
import type { InsideRequest, InsideResult } from '../../ipc/network-messages.ts';
import type { InsideDialer } from '../../tunnel/local-target.ts';
import type { CallTools } from '../call-tools.ts';
import { type Connected, connect } from '../networks/connect.ts';
import type { JoinedNetwork } from '../networks/joined-network.ts';
import { openNamespace } from '../networks/network-entry.ts';
import type { Session } from '../session.ts';
import { untilGone } from '../until-ended.ts';
import { type ForwardedPort, forwardPort } from './forward-port.ts';
import type { Outcome } from './server.ts';

type Request = { readonly namespace: string; readonly inside?: InsideRequest };

/** `hold` does what the call is about. Its tools say where the command listens, if that is not on the laptop. */
export async function holdInside<V extends HeldVerb>(
  session: Session,
  request: Request,
  tools: CallTools,
  hold: (tools: CallTools) => Promise<Outcome<V>>,
): Promise<Outcome<V>> {
  if (request.inside === undefined) return hold(tools);
  const over = new AbortController();
  const signal = AbortSignal.any([tools.signal, over.signal]);
  const opening = openInside(session, request, request.inside, { ...tools, signal });
  const inside = opening.then((opened) => ('error' in opened ? undefined : opened.dialer));
  // `hold` may fail for reasons of its own before it asks.
  inside.catch(() => undefined);
  try {
    const outcome = await hold({ ...tools, inside });
    const opened = await opening.catch(async (error) => {
      await outcome.release?.();
      throw error;
    });
    return 'error' in opened ? withInside(outcome, opened) : await lastInside(outcome, opened, session, tools.signal);
  } catch (error) {
    over.abort();
    await opening.then((opened) => ('error' in opened ? undefined : opened.close())).catch(() => undefined);
    throw error;
  }
}

type Opened = {
  readonly connected: Connected;
  readonly dialer: InsideDialer;
  /** Once, however often it is called. */
  close(): Promise<void>;
};

async function openInside(
  session: Session,
  { namespace }: Request,
  { descriptors, isRequired, timeoutMs }: InsideRequest,
  tools: CallTools,
): Promise<Opened | Extract<InsideResult, { error: unknown }>> {
  try {
    const { createNamespaceDialer } = await import('../../network/rootless/namespace-dialer.ts');
    const dialer = createNamespaceDialer(descriptors);
    try {
      const entry = { kind: 'namespace', descriptors } as const;
      const open = (network: JoinedNetwork) => openNamespace(entry, network);
      const connected = await connect(session, { namespace, entry, timeoutMs }, tools, open);
      let closed: Promise<void> | undefined;
      const close = () => {
        dialer.close();
        closed ??= connected.leave();
        return closed;
      };
      return { connected, dialer, close };
    } catch (error) {
      dialer.close();
      throw error;
    }
  } catch (error) {
    if (isRequired || tools.signal.aborted) throw error;
    return { error: describeError(error) };
  }
}

/** The effect of the call and the network end together. */
async function lastInside<V extends HeldVerb>(
  outcome: Outcome<V>,
  { connected, dialer, close }: Opened,
  session: Session,
  signal: AbortSignal,
): Promise<Outcome<V>> {
  const forwarded = await forwardAll(portsOf(outcome.result), dialer);
  const closeAll = async () => {
    for (const { forward } of forwarded) forward?.close();
    await close();
  };
  const gone = untilGone(session, connected.live, signal);
  return {
    ...withInside(outcome, { network: connected.result, ...describeForwards(forwarded) }),
    ended: Promise.race([gone, outcome.ended ?? gone]),
    async release() {
      try {
        await outcome.release?.();
      } finally {
        await closeAll();
      }
    },
  };
}

function withInside<V extends HeldVerb>(outcome: Outcome<V>, inside: InsideResult): Outcome<V> {
  return { ...outcome, result: { ...outcome.result, inside } };
}

/** Ports that intercepts lead to. */
function portsOf(result: SessionApi[HeldVerb]['result']): number[] {
  if ('intercepts' in result) return result.intercepts.map(({ laptop }) => laptop.port);
  return 'laptop' in result ? [result.laptop.port] : [];
}

type Forwarded = { readonly port: number; readonly forward: ForwardedPort | undefined };

function forwardAll(ports: readonly number[], dialer: InsideDialer): Promise<Forwarded[]> {
  return Promise.all([...new Set(ports)].map(async (port) => ({ port, forward: await forwardPort(port, dialer) })));
}

function describeForwards(forwarded: readonly Forwarded[]): { forwards: number[]; taken: number[] } {
  const those = (isForwarded: boolean) =>
    forwarded.filter(({ forward }) => (forward !== undefined) === isForwarded).map(({ port }) => port);
  return { forwards: those(true), taken: those(false) };
}
