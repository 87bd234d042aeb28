// What the control plane reads from its environment; everything after this is exact.

import { ADMIN_PORT, parseDuration, REACH_PORT, XDS_PORT } from './api/index.ts';
import { ControlPlaneError } from './errors.ts';

export type Config = {
  readonly podName: string;
  readonly installNamespace: string;
  readonly xdsPort: number;
  readonly reachPort: number;
  readonly adminPort: number;
  /** How long agents stay in a workload that no intercept needs. */
  readonly agentIdleTimeoutMs: number;
  /** How long a Session lives on without any tunnel. */
  readonly sessionGraceMs: number;
  readonly logLevel: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws CONFIG_INVALID, which names the variable. */
export function parseConfig(environment: Environment): Config {
  return {
    podName: readText(environment, 'POD_NAME'),
    installNamespace: readText(environment, 'POD_NAMESPACE'),
    xdsPort: readPort(environment, 'TP_XDS_PORT', XDS_PORT),
    reachPort: readPort(environment, 'TP_REACH_PORT', REACH_PORT),
    adminPort: readPort(environment, 'TP_ADMIN_PORT', ADMIN_PORT),
    agentIdleTimeoutMs: readDuration(environment, 'TP_AGENT_IDLE_TIMEOUT', '1h'),
    sessionGraceMs: readDuration(environment, 'TP_SESSION_GRACE', '1h'),
    logLevel: environment.TP_LOG_LEVEL ?? 'info',
  };
}

function readText(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) throw buildInvalid(name, 'is not set');
  return value;
}

function readPort(environment: Environment, name: string, otherwise: number): number {
  const text = environment[name] ?? String(otherwise);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw buildInvalid(name, `is "${text}", which is no port`);
  return port;
}

function readDuration(environment: Environment, name: string, otherwise: string): number {
  const text = environment[name] ?? otherwise;
  const durationMs = parseDuration(text);
  if (durationMs === undefined)
    throw buildInvalid(name, `is "${text}", which is no duration such as 90s, 10m or 1h30m`);
  return durationMs;
}

function buildInvalid(name: string, problem: string): ControlPlaneError {
  return new ControlPlaneError('CONFIG_INVALID', `The environment variable ${name} ${problem}.`, {
    hint: 'The chart sets it: compare the Deployment tp-control-plane with the one that the chart renders',
  });
}
