// Relays and a laptop on loopback with real TLS, and agents played by TLS clients.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import { SESSIONS } from '../../control-plane/src/api/index.ts';
import { createAgentCertificates } from '../../control-plane/src/certificates/agent-certificates.ts';
import { type Authority, createAuthority, parseAuthority } from '../../control-plane/src/certificates/authority.ts';
import { issueRelayCertificate } from '../../control-plane/src/certificates/relay-certificate.ts';
import { issueSessionCertificate } from '../../control-plane/src/certificates/session-certificates.ts';
import { buildServerName, sessionName } from '../../control-plane/src/protocol/index.ts';
import type { Exits } from '../../control-plane/src/relay/exits.ts';
import type { MayDial } from '../../control-plane/src/relay/outbound/dial-out.ts';
import { type RunningRelay, startRelay } from '../../control-plane/src/relay/run.ts';
import { createDirectDialer, type DirectDialer } from '../../kubectl-tp/src/tunnel/dial-direct.ts';
import type { TunnelCertificate } from '../../kubectl-tp/src/tunnel/tls-identity.ts';
import { createTunnels, type Tunnels, type TunnelsOptions } from '../../kubectl-tp/src/tunnel/tunnels.ts';
import { dialTcp } from './loopback.ts';
import { createMemoryKubernetes, type MemoryKubernetes } from './memory-kubernetes.ts';
import { buildRelayConfig, INSTALL_NAMESPACE } from './relay-config.ts';
import { waitFor } from './wait-for.ts';

export type TestSession = { name: string; key: KeyObject; publicKey: string; certificate: TunnelCertificate };
export type TestRelay = RunningRelay & { name: string; end(): Promise<void> };
export type AgentOptions = {
  intercept?: string;
  /** Namespace of the intercept and, unless `certificate` is given, of the pod. */
  namespace?: string;
  session?: string;
  serverName?: string;
  protocols?: string[];
  certificate?: { cert: string; key: string } | 'none';
  /** A ticket of an earlier connection. */
  ticket?: Buffer;
};

/** TLS itself knows no reset. */
export type TestAgent = TLSSocket & { reset(): void };

export type TunnelRig = {
  kubernetes: MemoryKubernetes;
  authority: Authority;
  session: TestSession;
  relays: TestRelay[];
  tunnels: Tunnels;
  /** Resolves when every relay holds the tunnel. */
  up(): Promise<void>;
  agentCertificate(namespace: string, pod: string): Promise<{ cert: string; key: string }>;
  /** A connection of an agent, after TLS; rejects when it fails before. */
  agent(options?: AgentOptions, relay?: TestRelay): Promise<TestAgent>;
};

export type RigOptions = {
  relays?: number;
  /** Name of the session. */
  session?: string;
  /** Changes what the laptop is made with. */
  laptop?: Partial<TunnelsOptions>;
  /** The port on the laptop; none = unknown intercepts only. */
  port?: number;
  /** The relays have an address on this host: under which port, is asked each time. */
  directPort?: (relays: readonly TestRelay[]) => number;
};

export async function createTunnelRig(t: ExecutionContext, options: RigOptions = {}): Promise<TunnelRig> {
  const authority = await createTestAuthority();
  const kubernetes = createMemoryKubernetes();
  const session = await createTestSession(authority, options.session ?? 'me');
  kubernetes.put(SESSIONS, sessionObject(session));

  const relays: TestRelay[] = [];
  for (let index = 0; index < (options.relays ?? 1); index += 1) {
    relays.push(await startTestRelay(t, `relay-${index}`, kubernetes, { authority }));
  }

  const tunnels = createTunnels({
    session: session.name,
    proofKey: session.key,
    certificate: () => session.certificate,
    dialRelay: async (pod) => {
      const relay = relays.find(({ name }) => name === pod);
      if (relay === undefined) throw new Error(`no relay ${pod}`);
      return dialTcp(relay.ports.laptop);
    },
    ...(options.directPort && { dialDirect: directDialer(options.directPort, relays, authority) }),
    lookup: () => (options.port === undefined ? undefined : { host: '127.0.0.1', port: options.port }),
    drainMs: 2000,
    ...options.laptop,
  });
  t.teardown(() => tunnels.close());
  tunnels.setRelays(relays.map(({ name }) => name));

  const agentCertificate = (namespace: string, pod: string) => issueAgentCertificate(authority, namespace, pod);
  const ownCertificate = agentCertificate('team-a', 'web-1');

  async function agent(given: AgentOptions = {}, relay = relays[0]): Promise<TestAgent> {
    const { namespace = 'team-a', intercept = 'web', session: to = session.name, protocols = ['http/1.1'] } = given;
    const certificate = given.certificate ?? (await ownCertificate);
    const tcp = await dialTcp(relay?.ports.agent ?? 0);
    const socket = connectTls({
      socket: tcp,
      servername: given.serverName ?? buildServerName({ intercept, namespace, session: to }),
      ALPNProtocols: protocols,
      ca: authority.bundle,
      checkServerIdentity: (_host, peer) =>
        peer.subjectaltname?.includes(`DNS:${sessionName(to)}`) ? undefined : new Error('not the laptop'),
      minVersion: 'TLSv1.3',
      ...(given.ticket === undefined ? {} : { session: given.ticket }),
      ...(certificate === 'none' ? {} : certificate),
    });
    t.teardown(() => socket.destroy());
    await once(socket, 'secureConnect');
    // Tests look at errors where they matter.
    socket.on('error', () => undefined);
    return Object.assign(socket, { reset: () => void tcp.resetAndDestroy() });
  }

  const up = async () => {
    await waitFor('all tunnels up', () => tunnels.status().every(({ state }) => state.name === 'up'), 5000);
  };
  return { kubernetes, authority, session, relays, tunnels, up, agentCertificate, agent };
}

function directDialer(
  port: NonNullable<RigOptions['directPort']>,
  relays: readonly TestRelay[],
  { bundle }: Authority,
): DirectDialer {
  return createDirectDialer({ addressOf: () => ({ host: '127.0.0.1', port: port(relays) }), authority: () => bundle });
}

export async function createTestAuthority(): Promise<Authority> {
  return parseAuthority(await createAuthority(Date.now()));
}

export async function issueAgentCertificate(authority: Authority, namespace: string, pod: string) {
  const node = `${namespace}/${pod}`;
  const issued = (
    await createAgentCertificates(authority).provide([node], { isServed: () => true, nowMs: Date.now() })
  ).get(node);
  return { cert: issued?.certificateChain ?? '', key: issued?.privateKey ?? '' };
}

export async function createTestSession(authority: Authority, name: string): Promise<TestSession> {
  const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const object = { metadata: { name }, spec: { publicKey: pem } } as Parameters<typeof issueSessionCertificate>[1];
  const issued = await issueSessionCertificate(authority, object, Date.now());
  const keyPem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    name,
    key,
    publicKey: pem,
    certificate: { cert: issued.certificate, key: keyPem, authority: issued.authority },
  };
}

export function sessionObject({ name, publicKey, certificate }: TestSession) {
  return {
    apiVersion: 'kubectl-tp.dev/v1alpha1',
    kind: 'Session',
    metadata: { name, namespace: INSTALL_NAMESPACE },
    spec: { publicKey, clientVersion: 'test' },
    status: { authority: certificate.authority },
  };
}

export async function startTestRelay(
  t: ExecutionContext,
  name: string,
  kubernetes: MemoryKubernetes,
  {
    agentPort = 0,
    mayDial,
    findAgents,
    authority,
  }: { agentPort?: number; mayDial?: MayDial; findAgents?: Exits['find']; authority?: Authority } = {},
): Promise<TestRelay> {
  const ending = new AbortController();
  const config = buildRelayConfig(name, { agentPort });
  const log = pino({ level: process.env.TP_LOG_LEVEL ?? 'silent' });
  const relay = await startRelay(config, {
    client: kubernetes.client,
    log,
    signal: ending.signal,
    ...(mayDial && { mayDial }),
    ...(findAgents && { findAgents }),
    ...(authority && {
      askCertificate: (_trusted, { publicKey }) =>
        issueRelayCertificate(authority, { relay: name, publicKey, nowMs: Date.now() }),
    }),
  });
  const end = async () => {
    ending.abort();
    await relay.done;
  };
  t.teardown(end);
  return { ...relay, name, end };
}
