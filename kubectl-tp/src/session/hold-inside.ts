// Joins a command's own network to the cluster's for a call whose intercepts are to end there, and lets the laptop's
// programs call the command, too. All of it lasts as long as the effect of the call.

import { describeError } from '../errors.ts';
import type { InsideDialer } from '../tunnel/local-target.ts';
import type { InsideRequest, InsideResult, SessionApi } from './api.ts';
import { type Connected, connect } from './connect.ts';
import { type ForwardedPort, forwardPort } from './forward-port.ts';
import type { CallTools } from './intercept.ts';
import type { JoinedNetwork } from './joined-network.ts';
import { openNamespace } from './network-entry.ts';
import type { Outcome } from './server.ts';
import type { Session } from './session.ts';
import { untilGone } from './until-ended.ts';

export type InsideVerb = 'intercept' | 'replace' | 'ingest';

type Request = { readonly namespace: string; readonly inside?: InsideRequest };

/** `hold` does what the call is about. Its tools say where the command listens, if that is not on the laptop. */
export async function holdInside<V extends InsideVerb>(
  session: Session,
  request: Request,
  tools: CallTools,
  hold: (tools: CallTools) => Promise<Outcome<V>>,
): Promise<Outcome<V>> {
  if (request.inside === undefined) return hold(tools);
  const opened = await openInside(session, request, request.inside, tools);
  if ('error' in opened) return withInside(await hold(tools), opened);
  const { connected, dialer } = opened;
  let forwarded: readonly Forwarded[] = [];
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    for (const { forward } of forwarded) forward?.close();
    dialer.close();
    await connected.leave();
  };
  try {
    const outcome = await hold({ ...tools, inside: dialer });
    forwarded = await forwardAll(portsOf(outcome.result), dialer);
    const gone = untilGone(session, connected.live, tools.signal);
    return {
      ...withInside(outcome, { network: connected.result, ...describeForwards(forwarded) }),
      ended: Promise.race([gone, outcome.ended ?? gone]),
      async release() {
        await outcome.release?.();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Opened = { readonly connected: Connected; readonly dialer: InsideDialer & { close(): void } };

async function openInside(
  session: Session,
  { namespace }: Request,
  { descriptors, isRequired, timeoutMs }: InsideRequest,
  tools: CallTools,
): Promise<Opened | Extract<InsideResult, { error: unknown }>> {
  try {
    const entry = { kind: 'namespace', descriptors } as const;
    const open = (network: JoinedNetwork) => openNamespace(entry, network);
    const connected = await connect(session, { namespace, entry, timeoutMs }, tools, open);
    return { connected, dialer: await openDialer(connected, descriptors) };
  } catch (error) {
    if (isRequired || tools.signal.aborted) throw error;
    return { error: describeError(error) };
  }
}

async function openDialer(connected: Connected, descriptors: InsideRequest['descriptors']): Promise<Opened['dialer']> {
  const { createNamespaceDialer } = await import('../network/rootless/namespace-dialer.ts');
  try {
    return createNamespaceDialer(descriptors);
  } catch (error) {
    await connected.leave();
    throw error;
  }
}

function withInside<V extends InsideVerb>(outcome: Outcome<V>, inside: InsideResult): Outcome<V> {
  return { ...outcome, result: { ...outcome.result, inside } };
}

/** Ports that intercepts lead to. */
function portsOf(result: SessionApi[InsideVerb]['result']): number[] {
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
