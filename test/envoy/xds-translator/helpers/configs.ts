// Configurations of the test's one agent: one port, and intercepts of one developer.

import type { AgentConfig, AgentPort, InterceptRoute } from '../../../../xds/src/ir/agent-config.ts';
import { NODE } from './agent.ts';

export const SESSION = 's1';
export const PEER_NAME = 's1.session.tp';
export const INTERCEPT = 'team-a/orders-me';
export const SERVER_NAME = 'orders-me.team-a.s1.session.tp';
export const MINE = { 'x-dev': 'me' };

export const INTERCEPT_ROUTE: InterceptRoute = {
  id: INTERCEPT,
  session: SESSION,
  serverName: SERVER_NAME,
  headers: [{ name: 'x-dev', value: 'me' }],
  fallback: 'pod',
};

type Shape = {
  readonly agentPort: number;
  readonly appPort: number;
  readonly mode?: AgentPort['mode'];
  readonly intercepts?: readonly InterceptRoute[];
  /** Ports of relays on loopback. */
  readonly relays?: readonly number[];
};

export function buildConfig({ agentPort, appPort, mode = 'http', intercepts = [], relays = [] }: Shape): AgentConfig {
  return {
    node: NODE,
    podIp: '127.0.0.1',
    ports: [{ appPort, agentPort, mode, intercepts }],
    tunnels: [
      { session: SESSION, peerName: PEER_NAME, relays: relays.map((port) => ({ address: '127.0.0.1', port })) },
    ],
  };
}
