// What the relay reads from its environment; everything after this is exact.

import { ADMIN_PORT, RELAY_AGENT_PORT, RELAY_LAPTOP_PORT, RELAY_PROXY_PORT } from '../api/index.ts';
import { RelayError } from './errors.ts';

export type RelayConfig = {
  podName: string;
  podNamespace: string;
  podUid: string;
  agentPort: number;
  laptopPort: number;
  proxyPort: number;
  adminPort: number;
  /** Between giving up the Leases and refusing tunnels: agents learn of other relays meanwhile. */
  leaveDelayMs: number;
  /** How long connections that are open at the end may take to finish. */
  drainMs: number;
  logLevel: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_LEAVE_DELAY_MS = 2000;
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
    adminPort: whole(environment, 'TP_ADMIN_PORT', ADMIN_PORT),
    leaveDelayMs: whole(environment, 'TP_RELAY_LEAVE_DELAY_MS', DEFAULT_LEAVE_DELAY_MS),
    drainMs: whole(environment, 'TP_RELAY_DRAIN_MS', DEFAULT_DRAIN_MS),
    logLevel: environment.TP_LOG_LEVEL ?? 'info',
  };
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) throw new RelayError('RELAY_CONFIG_INVALID', `${name} is not set; the relay's Deployment must set it.`);
  return value;
}

function whole(environment: Environment, name: string, otherwise: number): number {
  const value = environment[name];
  if (value === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(value)) throw new RelayError('RELAY_CONFIG_INVALID', `${name} is "${value}", not a number.`);
  return Number(value);
}
