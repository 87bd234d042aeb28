// A session while it is connected: the certificate from its object, one tunnel per relay, its intercepts and what
// agents show of them.

import { RELAY_LAPTOP_PORT, RELAY_PROXY_PORT, type Session } from '@kubectl-tp/control-plane/api';
import type { Cluster } from '../kubernetes/client.ts';
import { portForward } from '../kubernetes/port-forward.ts';
import { askForUpgrade } from '../kubernetes/upgrade.ts';
import type { Log } from '../log.ts';
import { createOutbound } from '../outbound/outbound.ts';
import { createSharedOutbound, type SharedOutbound } from '../outbound/shared-outbound.ts';
import type { RelayWays } from '../tunnel/connect-relay.ts';
import { createDirectDialer, type DirectAddress } from '../tunnel/dial-direct.ts';
import type { LocalTarget } from '../tunnel/local-target.ts';
import { watchNetwork } from '../tunnel/network-watch.ts';
import { watchSleep } from '../tunnel/sleep-watch.ts';
import { createTunnels, type Tunnels } from '../tunnel/tunnels.ts';
import { type Bell, createBell } from '../waiting/bell.ts';
import { followCertificate, type SessionCertificate } from './certificate.ts';
import type { Identity } from './identity.ts';
import { type AgentBook, createAgentBook } from './intercepts/agent-book.ts';
import { createInterceptTable, type InterceptTable } from './intercepts/intercept-table.ts';
import { createTargetLookup, type TargetLookup } from './intercepts/target-lookup.ts';
import { createExitUsers, type ExitUsers } from './networks/exit-users.ts';
import { createNetworkList, type NetworkList } from './networks/network-list.ts';
import { createOwnServices, type OwnServices } from './networks/own-services.ts';
import { followRelays, type Relay } from './relays.ts';

export type LiveSession = {
  readonly identity: Identity;
  readonly certificate: SessionCertificate;
  readonly table: InterceptTable;
  readonly agents: AgentBook;
  readonly targets: TargetLookup;
  readonly tunnels: Tunnels;
  /** The laptop's own connections into the cluster. */
  readonly outbound: SharedOutbound;
  /** Where relays are reached without the API server. */
  relayHosts(): readonly string[];
  readonly networks: NetworkList;
  readonly exits: ExitUsers;
  readonly ownServices: OwnServices;
  /** Rings when an intercept, a probe or a tunnel changes. */
  readonly bell: Bell;
  /** Leaves without failing a request. The Session object stays. */
  close(): Promise<void>;
};

export type LiveSessionOptions = {
  readonly cluster: Cluster;
  readonly installNamespace: string;
  readonly identity: Identity;
  readonly object: Session;
  readonly log: Log;
  /** Where an intercept was asked to lead on this laptop, by its uid. */
  readonly targetOf: (uid: string | undefined) => LocalTarget | undefined;
  /** The object was deleted by somebody else. */
  readonly onGone: () => void;
};

/** What a sleep of the laptop and a change of its network break. */
type Connections = Pick<Tunnels, 'redial' | 'check'>;

/** Resolves when the certificate is there and the tunnels are being dialed; `signal` is for that only. */
export async function openLiveSession(options: LiveSessionOptions, signal: AbortSignal): Promise<LiveSession> {
  const { cluster, identity, log } = options;
  const { client } = cluster;
  const lifetime = new AbortController();
  const bell = createBell();
  const connections: Connections[] = [{ redial: client.connectAnew, check: client.connectAnew }];
  const stopWatching = [
    watchSleep(() => {
      for (const each of connections) each.redial();
    }),
    watchNetwork(() => {
      for (const each of connections) each.check();
    }),
  ];
  lifetime.signal.addEventListener('abort', () => {
    for (const stop of stopWatching) stop();
  });
  try {
    const certificate = followCertificate({ ...options, client, signal: lifetime.signal, bell });
    await certificate.issued(signal);
    // It may be there already.
    signal.throwIfAborted();
    const agents = createAgentBook();
    const table = createInterceptTable({
      client,
      session: identity.session,
      signal: lifetime.signal,
      log,
      onChange: bell.ring,
      // What agents have shown of one says nothing about the next of its name.
      onRemoved: ({ metadata }) => agents.forget(metadata),
    });
    // Never what the object says: who may write it in the cluster may not choose a port of this laptop.
    const targets = createTargetLookup(({ namespace, name }) =>
      options.targetOf(table.get(namespace, name)?.metadata.uid),
    );
    const directAddresses = new Map<string, DirectAddress | undefined>();
    const ways = {
      dialRelay: relayDialer(options),
      dialDirect: createDirectDialer({
        addressOf: (relay) => directAddresses.get(relay),
        authority: () => certificate.current().authority,
      }),
    };
    const tunnels = startTunnels(options, { ways, certificate, agents, bell, targets });
    const outbound = createSharedOutbound(() =>
      createOutbound({
        ...ways,
        session: identity.session,
        key: identity.privateKey,
        onState: bell.ring,
      }),
    );
    connections.push(tunnels, outbound);
    const close = async () => {
      lifetime.abort();
      await Promise.all([tunnels.close(), outbound.close()]);
    };
    const onRelays = (relays: readonly Relay[]) => {
      directAddresses.clear();
      for (const { name, directAddress } of relays) directAddresses.set(name, directAddress);
      const pods = relays.map(({ name }) => name);
      tunnels.setRelays(pods);
      outbound.setRelays(pods);
    };
    await followRelays({ ...options, client, signal: lifetime.signal, onRelays }).catch(async (error) => {
      await close();
      throw error;
    });
    return {
      identity,
      certificate,
      table,
      agents,
      targets,
      tunnels,
      outbound,
      relayHosts: () =>
        [...directAddresses.values()].flatMap((address) => (address === undefined ? [] : [address.host])),
      networks: createNetworkList(),
      exits: createExitUsers(),
      ownServices: createOwnServices({ table, targetOf: options.targetOf }),
      bell,
      close,
    };
  } catch (error) {
    lifetime.abort();
    throw error;
  }
}

type Parts = Pick<LiveSession, 'certificate' | 'agents' | 'bell' | 'targets'> & {
  readonly ways: RelayWays;
};

function relayDialer({ cluster, installNamespace }: LiveSessionOptions): RelayWays['dialRelay'] {
  return (pod, signal) => portForward(cluster, { namespace: installNamespace, pod, port: RELAY_LAPTOP_PORT }, signal);
}

function startTunnels(options: LiveSessionOptions, { ways, certificate, agents, bell, targets }: Parts): Tunnels {
  const { cluster, installNamespace, identity } = options;
  return createTunnels({
    ...ways,
    session: identity.session,
    proofKey: identity.privateKey,
    certificate: certificate.current,
    askRelay: (pod, { path, headers }, signal) => {
      const proxy = `/api/v1/namespaces/${installNamespace}/pods/${pod}:${RELAY_PROXY_PORT}/proxy`;
      return askForUpgrade(cluster, { path: proxy + path, headers, signal });
    },
    lookup: targets.lookUp,
    onProbe(probe) {
      agents.recordProbe(probe, Date.now());
      bell.ring();
    },
    onConnection({ namespace, intercept, pod, outcome }) {
      if (outcome === 'joined' && pod !== undefined) agents.recordConnection({ namespace, intercept, pod });
    },
    onState: () => bell.ring(),
  });
}
