// What the control plane reads from its environment; everything after this is exact.

import { ADMIN_PORT, REACH_PORT, XDS_PORT } from './api/index.ts';
import { ControlPlaneError } from './errors.ts';
import { createEnvironmentReader, type Environment } from './process/index.ts';

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

const HOUR_MS = 3600_000;
const HINT = 'The chart sets it: compare the Deployment tp-control-plane with the one that the chart renders';

/** Throws CONFIG_INVALID, which names the variable. */
export function parseConfig(environment: Environment): Config {
  const read = createEnvironmentReader(
    environment,
    (message) => new ControlPlaneError('CONFIG_INVALID', message, { hint: HINT }),
  );
  return {
    podName: read.text('POD_NAME'),
    installNamespace: read.text('POD_NAMESPACE'),
    xdsPort: XDS_PORT,
    reachPort: REACH_PORT,
    adminPort: read.port('TP_ADMIN_PORT', ADMIN_PORT),
    agentIdleTimeoutMs: read.duration('TP_AGENT_IDLE_TIMEOUT', HOUR_MS),
    sessionGraceMs: read.duration('TP_SESSION_GRACE', HOUR_MS),
    logLevel: read.text('TP_LOG_LEVEL', 'info'),
  };
}
