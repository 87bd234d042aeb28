// A short name for the content of an agent's configuration, to tell whether an agent has acknowledged just this one.

import { createHash } from 'node:crypto';
import type { AgentConfig } from '@kubectl-tp/xds';

/** Equal configurations, equal hashes: the translator builds them with their fields and lists in a fixed order. */
export function hashAgentConfig(config: AgentConfig): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('base64url').slice(0, 22);
}
