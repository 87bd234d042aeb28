// The configuration of a relay on free ports, without a control plane.

import type { RelayConfig } from '../../control-plane/src/relay/config.ts';

export const INSTALL_NAMESPACE = 'kubectl-tp';

export function buildRelayConfig(podName: string, change: Partial<RelayConfig> = {}): RelayConfig {
  return {
    podName,
    podNamespace: INSTALL_NAMESPACE,
    podUid: `uid-${podName}`,
    agentPort: 0,
    laptopPort: 0,
    proxyPort: 0,
    directPort: 0,
    adminPort: 0,
    allow: [],
    controlPlane: { host: '127.0.0.1', port: 0, serverName: 'nobody', tokenFile: '' },
    leaveDelayMs: 50,
    drainMs: 2000,
    logLevel: 'silent',
    ...change,
  };
}
