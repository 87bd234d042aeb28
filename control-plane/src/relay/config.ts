// What the relay reads from its environment; everything after this is exact.

import { parseExactRange, type Range } from '../addresses/index.ts';
import {
  ADMIN_PORT,
  CONTROL_PLANE_SERVICE,
  REACH_PORT,
  RELAY_AGENT_PORT,
  RELAY_DIRECT_PORT,
  RELAY_LAPTOP_PORT,
  RELAY_PROXY_PORT,
} from '../api/index.ts';
import { createEnvironmentReader, type Environment } from '../process/index.ts';
import { RelayError } from './errors.ts';

export type RelayConfig = {
  podName: string;
  podNamespace: string;
  podUid: string;
  agentPort: number;
  laptopPort: number;
  proxyPort: number;
  /** Undefined unless laptops may come without the API server. */
  directPort?: number | undefined;
  adminPort: number;
  /** Where every session may go, beside what its owner may see in the cluster. */
  allow: readonly Range[];
  controlPlane: ControlPlaneConfig;
  /** Between giving up the Leases and refusing tunnels: agents learn of other relays meanwhile. */
  leaveDelayMs: number;
  /** How long connections that are open at the end may take to finish. */
  drainMs: number;
  logLevel: string;
};

/** Where questions of what a session may dial go. */
export type ControlPlaneConfig = {
  host: string;
  port: number;
  /** DNS name in its certificate. */
  serverName: string;
  /** With this pod's token for the control plane. */
  tokenFile: string;
};

const DEFAULT_LEAVE_DELAY_MS = 2000;
const DEFAULT_DRAIN_MS = 20_000;
/** Where the Deployment mounts it. */
const TOKEN_FILE = '/var/run/secrets/kubectl-tp/token';

/** Throws RelayError RELAY_CONFIG_INVALID that names the variable. */
export function parseConfig(environment: Environment): RelayConfig {
  const read = createEnvironmentReader(environment, (message) => new RelayError('RELAY_CONFIG_INVALID', message));
  const podNamespace = read.text('POD_NAMESPACE');
  const controlPlane = `${CONTROL_PLANE_SERVICE}.${podNamespace}.svc`;
  return {
    podName: read.text('POD_NAME'),
    podNamespace,
    podUid: read.text('POD_UID'),
    // Agents, laptops and chart know these.
    agentPort: RELAY_AGENT_PORT,
    laptopPort: RELAY_LAPTOP_PORT,
    proxyPort: RELAY_PROXY_PORT,
    directPort: read.parsed('TP_RELAY_DIRECT', '"true"', (text) => (text === 'true' ? RELAY_DIRECT_PORT : undefined)),
    adminPort: read.port('TP_ADMIN_PORT', ADMIN_PORT),
    allow: read.parsed('TP_RELAY_ALLOW_CIDRS', RANGES, parseRanges) ?? [],
    controlPlane: { host: controlPlane, port: REACH_PORT, serverName: controlPlane, tokenFile: TOKEN_FILE },
    leaveDelayMs: read.number('TP_RELAY_LEAVE_DELAY_MS', DEFAULT_LEAVE_DELAY_MS),
    drainMs: read.number('TP_RELAY_DRAIN_MS', DEFAULT_DRAIN_MS),
    logLevel: read.text('TP_LOG_LEVEL', 'info'),
  };
}

const RANGES = 'list of ranges of addresses such as 10.8.0.0/16,fd00::/64, with zeros behind their lengths';

function parseRanges(text: string): Range[] | undefined {
  const ranges = text.split(',').map(parseExactRange);
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}
