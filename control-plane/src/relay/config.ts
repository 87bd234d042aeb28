// What the relay reads from its environment; everything after this is exact.

import { parseExactRange, type Range } from '../addresses/index.ts';
import {
  ADMIN_PORT,
  CONTROL_PLANE_SERVICE,
  REACH_PORT,
  RELAY_AGENT_PORT,
  RELAY_LAPTOP_PORT,
  RELAY_PROXY_PORT,
} from '../api/index.ts';
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

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_LEAVE_DELAY_MS = 2000;
/** Where the Deployment mounts it. */
const DEFAULT_TOKEN_FILE = '/var/run/secrets/kubectl-tp/token';
const DEFAULT_DRAIN_MS = 20_000;

/** Throws RelayError RELAY_CONFIG_INVALID that names the variable. */
export function parseConfig(environment: Environment): RelayConfig {
  return {
    podName: required(environment, 'POD_NAME'),
    podNamespace: required(environment, 'POD_NAMESPACE'),
    podUid: required(environment, 'POD_UID'),
    agentPort: whole(environment, 'TP_RELAY_AGENT_PORT', RELAY_AGENT_PORT),
    laptopPort: whole(environment, 'TP_RELAY_LAPTOP_PORT', RELAY_LAPTOP_PORT),
    proxyPort: whole(environment, 'TP_RELAY_PROXY_PORT', RELAY_PROXY_PORT),
    directPort: optionalWhole(environment, 'TP_RELAY_DIRECT_PORT'),
    adminPort: whole(environment, 'TP_ADMIN_PORT', ADMIN_PORT),
    allow: ranges(environment, 'TP_RELAY_ALLOW_CIDRS'),
    controlPlane: parseControlPlane(environment),
    leaveDelayMs: whole(environment, 'TP_RELAY_LEAVE_DELAY_MS', DEFAULT_LEAVE_DELAY_MS),
    drainMs: whole(environment, 'TP_RELAY_DRAIN_MS', DEFAULT_DRAIN_MS),
    logLevel: environment.TP_LOG_LEVEL ?? 'info',
  };
}

function parseControlPlane(environment: Environment): ControlPlaneConfig {
  const serverName = `${CONTROL_PLANE_SERVICE}.${required(environment, 'POD_NAMESPACE')}.svc`;
  return {
    host: environment.TP_CONTROL_PLANE_HOST ?? serverName,
    port: whole(environment, 'TP_REACH_PORT', REACH_PORT),
    serverName,
    tokenFile: environment.TP_RELAY_TOKEN_FILE ?? DEFAULT_TOKEN_FILE,
  };
}

/** Separated by commas; none if not set. */
function ranges(environment: Environment, name: string): Range[] {
  const texts = (environment[name] ?? '').split(',').filter((text) => text !== '');
  return texts.map((text) => {
    const range = parseExactRange(text);
    if (range !== undefined) return range;
    throw new RelayError(
      'RELAY_CONFIG_INVALID',
      `${name} has "${text}", which is no range of addresses such as 10.8.0.0/16, with zeros behind its length.`,
    );
  });
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) throw new RelayError('RELAY_CONFIG_INVALID', `${name} is not set; the relay's Deployment must set it.`);
  return value;
}

function whole(environment: Environment, name: string, otherwise: number): number {
  return optionalWhole(environment, name) ?? otherwise;
}

function optionalWhole(environment: Environment, name: string): number | undefined {
  const value = environment[name];
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new RelayError('RELAY_CONFIG_INVALID', `${name} is "${value}", not a number.`);
  return Number(value);
}
