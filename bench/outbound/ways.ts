// The ways into the cluster that are compared, as processes are told of them.

import { createPrivateKey } from 'node:crypto';
import { portForward } from '../../kubectl-tp/src/kubernetes/port-forward.ts';
import type { ApiAccess } from '../../kubectl-tp/src/kubernetes/upgrade.ts';
import { createOutbound, type Outbound } from '../../kubectl-tp/src/outbound/outbound.ts';
import { waitFor } from '../../test/helpers/wait-for.ts';
import { type OpenConnection, tcpOpener } from '../tunnel/client.ts';
import type { ApiServer } from './api-server.ts';

/** What an outbound tunnel needs. */
export type TunnelWay = {
  readonly api: ApiServer;
  readonly relayPort: number;
  readonly session: string;
  /** Of the session, PEM. */
  readonly key: string;
};

export type Way =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'port-forward'; readonly api: ApiServer; readonly port: number }
  | { readonly kind: 'dialer'; readonly tunnel: TunnelWay; readonly port: number };

/** Any address of the cluster: the relay of the bench finds the application behind all of them. */
export const CLUSTER_ADDRESS = '10.96.0.9';

const never = new AbortController().signal;

export async function openerOf(way: Way): Promise<OpenConnection> {
  if (way.kind === 'tcp') return tcpOpener(way);
  const { port } = way;
  if (way.kind === 'port-forward') return () => portForward(accessTo(way.api), podPort(port), never);
  const outbound = await startOutbound(way.tunnel);
  return () => outbound.connect({ host: CLUSTER_ADDRESS, port }, never);
}

/** Resolves when its tunnel is up. */
export async function startOutbound({ api, relayPort, session, key }: TunnelWay): Promise<Outbound> {
  const outbound = createOutbound({
    session,
    key: createPrivateKey(key),
    dialRelay: (_relay, signal) => portForward(accessTo(api), podPort(relayPort), signal),
  });
  outbound.tunnels.setRelays(['relay-0']);
  await waitFor('tunnel up', () => outbound.tunnels.status()[0]?.state.name === 'up', 10_000);
  return outbound;
}

function accessTo({ port, certificate }: ApiServer): ApiAccess {
  return { server: new URL(`https://localhost:${port}`), httpsOptions: async () => ({ ca: certificate }) };
}

function podPort(port: number) {
  return { namespace: 'kubectl-tp', pod: 'relay-0', port };
}
