// How an agent reaches the laptop of a session, and by which name the laptop knows the intercept.

import type { InterceptRoute, Tunnel } from '@kubectl-tp/xds';
import { compareText } from '../match/index.ts';
import { buildServerName, sessionName } from '../protocol/server-name.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { LiveIntercept } from './intercept.ts';

/** No relay in it means that the laptop is away; agents then do what the intercept's fallback says. */
export function buildTunnel(state: ClusterState, session: string): Tunnel {
  const relays = (state.tunnels.get(session) ?? [])
    .map(({ address, port }) => ({ address, port }))
    .toSorted((a, b) => compareText(a.address, b.address) || a.port - b.port);
  return { session, peerName: sessionName(session), relays };
}

export function isLaptopConnected(state: ClusterState, session: string): boolean {
  return (state.tunnels.get(session)?.length ?? 0) > 0;
}

export function buildInterceptRoute({ id, object, match }: LiveIntercept): InterceptRoute {
  const { metadata, spec } = object;
  return {
    id,
    session: spec.session,
    serverName: buildServerName({ intercept: metadata.name, namespace: metadata.namespace, session: spec.session }),
    headers: match.headers.toSorted((a, b) => compareText(a.name, b.name)).map(({ name, value }) => ({ name, value })),
    fallback: spec.fallback === 'Fail' ? 'fail' : 'pod',
  };
}
