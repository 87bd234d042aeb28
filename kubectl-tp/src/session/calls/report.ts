// What `kubectl tp status` tells: proven facts of this process, not wishes.

import type { Intercept } from '@kubectl-tp/control-plane/api';
import { describeTarget, explainSubject } from '@kubectl-tp/control-plane/match';
import type { SessionFiles } from '../../ipc/paths.ts';
import type {
  InterceptReport,
  NetworkProof,
  NetworkReport,
  RelayReport,
  SessionReport,
} from '../../ipc/report-messages.ts';
import type { Connection } from '../../kubernetes/connection.ts';
import type { LocalTarget } from '../../tunnel/local-target.ts';
import type { TunnelStatus } from '../../tunnel/tunnel-set.ts';
import { VERSION } from '../../version.ts';
import type { VolumeBook } from '../../volumes/volume-book.ts';
import { isTargetOpen } from '../intercepts/laptop-port.ts';
import type { LiveSession } from '../live-session.ts';
import { proveLaptopNow, proveOutbound } from '../networks/prove-network.ts';
import type { Session } from '../session.ts';

type Options = {
  readonly session: Session;
  readonly volumes: VolumeBook;
  readonly connection: Connection;
  readonly files: SessionFiles;
};

export async function buildReport({ session, volumes, connection, files }: Options): Promise<SessionReport> {
  const live = session.live();
  const process_ = { pid: process.pid, version: VERSION, socket: files.socket, log: files.log };
  const where = {
    context: connection.context,
    server: session.cluster.server.href,
    installNamespace: session.installNamespace,
  };
  const ingests = volumes
    .all()
    .flatMap(({ owner: { kind, namespace, name }, root }) =>
      kind === 'ingest' ? [{ namespace, target: name, root }] : [],
    );
  if (live === undefined) return { ...process_, ...where, relays: [], intercepts: [], networks: [], ingests };
  const expiry = live.certificate.expiresAt();
  return {
    ...process_,
    ...where,
    session: { name: live.identity.session, ...(expiry === undefined ? {} : { certificateExpiresAt: expiry }) },
    relays: live.tunnels.status().map(reportRelay),
    intercepts: await Promise.all(
      live.table.all().map((intercept) => reportIntercept(live, intercept, session.targetOf(intercept.metadata.uid))),
    ),
    networks: await reportNetworks(live),
    ingests,
  };
}

/** All share the outbound tunnels, so one proof is every one's but the laptop's, which has more on its way. */
async function reportNetworks({ networks, outbound }: LiveSession): Promise<NetworkReport[]> {
  const { current } = outbound;
  const records = networks.all();
  if (current === undefined || records.length === 0) return [];
  const relays = current.tunnels.status().map(reportRelay);
  let shared: Promise<NetworkProof> | undefined;
  const proveShared = () => {
    shared ??= proveOutbound(current);
    return shared;
  };
  return Promise.all(
    records.map(async ({ result: { session: _, proxy, ...result }, network, sinceMs, laptop }) => ({
      ...result,
      ...(proxy === undefined ? {} : { proxy: { host: proxy.host, port: proxy.port } }),
      ranges: network.addresses.ranges,
      since: new Date(sinceMs).toISOString(),
      ...(await (laptop === undefined ? proveShared() : proveLaptopNow(laptop))),
      ...(laptop === undefined ? {} : { laptop: laptop() }),
      relays,
    })),
  );
}

function reportRelay({ relay, state, way, roundTripMs }: TunnelStatus): RelayReport {
  return {
    pod: relay,
    state: state.name,
    ...(way === undefined ? {} : { way }),
    ...(roundTripMs === undefined ? {} : { rttMs: Math.round(roundTripMs * 10) / 10 }),
    ...(state.name === 'waiting' ? { error: state.error.message } : {}),
  };
}

const NOT_LOOKED_AT = 'the control plane has not looked at it yet';
const NOT_ASKED_FOR = 'this laptop was never asked for it, so it serves nothing; repeat the command';

async function reportIntercept(
  live: LiveSession,
  { metadata, spec, status }: Intercept,
  target: LocalTarget | undefined,
): Promise<InterceptReport> {
  const { namespace, name } = metadata;
  const port = target?.port ?? spec.laptop?.port;
  const conditions = status?.conditions ?? [];
  // The first that is not true tells why: each builds on the one before.
  const order = ['Accepted', 'Programmed', 'Ready'];
  const missing = order.map((type) => conditions.find((c) => c.type === type)).find((c) => c?.status !== 'True');
  const isServed = target !== undefined || spec.action === 'Exit';
  const isReady = isServed && conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  const ages = live.agents.probeAges(metadata, Date.now());
  return {
    namespace,
    name,
    target: describeTarget(spec.target),
    match: explainSubject(spec),
    ...(port === undefined
      ? {}
      : { laptopPort: port, laptopPortOpen: await isTargetOpen(target ?? { host: 'localhost', port }) }),
    ready: isReady,
    ...(isReady ? {} : { reason: isServed ? (missing?.message ?? NOT_LOOKED_AT) : NOT_ASKED_FOR }),
    agents: status?.agents ?? { ready: 0, total: 0 },
    capture: status?.capture ?? 'Unknown',
    probes: [...ages].map(([pod, ageMs]) => ({ pod, ageSeconds: Math.round(ageMs / 1000) })),
    connections: Object.fromEntries(live.agents.connections(metadata)),
  };
}
