// The cluster's network for programs of this laptop: opens the outbound tunnel, proves it by a name of the cluster, and
// lets programs in. Undoes what it made when it fails, is cancelled, or is left.

import { describeTarget } from '@kubectl-tp/control-plane/match';
import { TpError } from '../../errors.ts';
import type { InterceptName } from '../../ipc/intercept-messages.ts';
import type { ConnectRequest, ConnectResult, NetworkEntry } from '../../ipc/network-messages.ts';
import { assertNamespace } from '../../kubernetes/assert-namespace.ts';
import { CLUSTER_DOMAIN } from '../../network/cluster-names.ts';
import { createLaptopUpstream } from '../../network/dns/laptop-upstream.ts';
import { BACKUP_PATH } from '../../network/helper/resolv-conf-file.ts';
import { alsoNamesOf } from '../../network/laptop/laptop-wishes.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { waitUntil } from '../../waiting/wait-until.ts';
import type { CallTools } from '../call-tools.ts';
import { tunnelDown } from '../intercepts/wait-causes.ts';
import type { LiveSession } from '../live-session.ts';
import type { Session } from '../session.ts';
import { tunnelTrouble } from '../tunnel-trouble.ts';
import { type OpenExit, openExit } from './exits.ts';
import { type JoinedNetwork, type JoinOptions, joinNetwork } from './joined-network.ts';
import { laptopAddresses, type OpenedEntry } from './network-entry.ts';
import { proveNames } from './prove-names.ts';

export type Connected = {
  readonly result: ConnectResult;
  readonly live: LiveSession;
  readonly opened: OpenedEntry;
  /** By which connections leave, if not by the relays. */
  readonly exit: InterceptName | undefined;
  leave(): Promise<void>;
};

/** `open` lets programs in. */
export async function connect(
  session: Session,
  request: ConnectRequest,
  tools: CallTools,
  open: (network: JoinedNetwork) => Promise<OpenedEntry>,
): Promise<Connected> {
  const live = await session.open(tools);
  const joined = new AbortController();
  const outbound = live.outbound.take();
  let exit: OpenExit | undefined;
  const leave = async () => {
    joined.abort();
    live.outbound.giveBack();
    await exit?.leave();
  };
  try {
    const { client } = session.cluster;
    const { namespace, entry, via } = request;
    const signal = AbortSignal.any([joined.signal, tools.signal]);
    tools.progress('Joining the network of the cluster');
    exit = via && (await openExit(session, { live, outbound, request: { ...request, via } }, tools));
    const [network] = await Promise.all([
      joinNetwork({
        client,
        ask: outbound.ask,
        cluster: exit?.dialer ?? outbound,
        namespace,
        ownServices: live.ownServices,
        ...surroundings(entry),
        signal,
        lifetime: joined.signal,
      }),
      waitForTunnel({ live, outbound, session, timeoutMs: request.timeoutMs, ...tools, signal }),
      assertNamespace(client, { namespace, signal }),
    ]);
    await proveNames(outbound.ask, signal);
    const opened = await open(network);
    const result: ConnectResult = {
      session: live.identity.session,
      namespace,
      mode: entry.kind,
      ...(via === undefined ? {} : { via: describeTarget(via) }),
      ranges: network.addresses.ranges,
      clusterDomain: CLUSTER_DOMAIN,
      ...opened.result,
    };
    const forget = live.networks.add({ result, network, sinceMs: Date.now(), ...laptopOf(opened) });
    return {
      result,
      live,
      opened,
      exit: exit?.name,
      async leave() {
        forget();
        try {
          await opened.close();
        } finally {
          await leave();
        }
      },
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

/** What lies around the cluster for programs that come this way. */
function surroundings(entry: NetworkEntry): Pick<JoinOptions, 'laptop' | 'alsoNames' | 'laptopUpstream'> {
  const isLaptop = entry.kind === 'laptop';
  return {
    laptop: laptopAddresses(entry),
    alsoNames: isLaptop ? alsoNamesOf(entry.alsoProxy) : [],
    // /etc/resolv.conf leads back here while the whole laptop does.
    laptopUpstream: createLaptopUpstream(isLaptop ? { instead: BACKUP_PATH } : {}),
  };
}

const laptopOf = ({ laptop }: OpenedEntry) => (laptop === undefined ? {} : { laptop });

type TunnelWait = CallTools & {
  readonly live: LiveSession;
  readonly outbound: Outbound;
  readonly session: Session;
  readonly timeoutMs: number;
};

async function waitForTunnel({ live, outbound, session, ...rest }: TunnelWait): Promise<void> {
  await waitUntil({
    ...rest,
    bell: live.bell,
    look() {
      const trouble = tunnelTrouble(outbound.tunnels.status());
      return trouble === undefined
        ? undefined
        : { step: 'Opening a tunnel to a relay', cause: tunnelDown(trouble, session.installNamespace) };
    },
    timedOut: (said) =>
      new TpError('TUNNEL_DOWN', `The network of the cluster can't be joined: ${said}`, {
        hint: 'See the trouble of each relay: kubectl tp status',
      }),
  });
}
