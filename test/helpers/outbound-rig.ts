// A relay on loopback and a laptop with its outbound tunnel.

import type { Duplex } from 'node:stream';
import type { ExecutionContext } from 'ava';
import { SESSIONS } from '../../control-plane/src/api/index.ts';
import type { Authority } from '../../control-plane/src/certificates/authority.ts';
import type { Exits } from '../../control-plane/src/relay/exits.ts';
import type { MayDial } from '../../control-plane/src/relay/outbound/dial-out.ts';
import { createOutbound, type Outbound } from '../../kubectl-tp/src/outbound/outbound.ts';
import { dialTcp } from './loopback.ts';
import { createMemoryKubernetes, type MemoryKubernetes } from './memory-kubernetes.ts';
import {
  createTestAuthority,
  createTestSession,
  sessionObject,
  startTestRelay,
  type TestRelay,
  type TestSession,
} from './tunnel-rig.ts';
import { waitFor } from './wait-for.ts';

export type OutboundRig = {
  readonly kubernetes: MemoryKubernetes;
  readonly authority: Authority;
  readonly session: TestSession;
  readonly relays: readonly TestRelay[];
  readonly outbound: Outbound;
  /** Breaks the connections that tunnels have now. */
  cut(): void;
};

/** Resolves when every tunnel is up. */
export async function createOutboundRig(
  t: ExecutionContext,
  {
    relays: count = 1,
    mayDial = async (_session, address) => ({ allowed: true, address }),
    findAgents,
  }: { relays?: number; mayDial?: MayDial; findAgents?: Exits['find'] } = {},
): Promise<OutboundRig> {
  const kubernetes = createMemoryKubernetes();
  const authority = await createTestAuthority();
  const session = await createTestSession(authority, 'me');
  kubernetes.put(SESSIONS, sessionObject(session));
  const names = Array.from({ length: count }, (_, index) => `relay-${index}`);
  const relays = await Promise.all(
    names.map((name) => startTestRelay(t, name, kubernetes, { mayDial, ...(findAgents && { findAgents }) })),
  );
  const connections: Duplex[] = [];
  const outbound = createOutbound({
    session: session.name,
    key: session.key,
    async dialRelay(pod) {
      const connection = await dialTcp(relays.find(({ name }) => name === pod)?.ports.laptop ?? 0);
      connections.push(connection);
      return connection;
    },
  });
  t.teardown(() => outbound.close());
  outbound.tunnels.setRelays(names);
  await waitFor('tunnels up', () => outbound.tunnels.status().every(({ state }) => state.name === 'up'));
  const cut = () => {
    for (const connection of connections.splice(0)) connection.destroy();
  };
  return { kubernetes, authority, session, relays, outbound, cut };
}
