// A short name for the content of an agent's configuration, to tell whether an agent has acknowledged just this one.

import { hash } from 'node:crypto';
import type { AgentConfig } from '@kubectl-tp/xds';

/** 132 bits: no two configurations of one agent will ever share it. */
const DIGITS = 22;

/** Equal configurations, equal hashes: the translator builds them with their fields and lists in a fixed order. */
export function hashAgentConfig(config: AgentConfig): string {
  return hash('sha256', JSON.stringify(config), 'base64url').slice(0, DIGITS);
}
