// Reads what the webhook wrote about the agent of a pod. Checked by hand: the schema's compiler would be most of what the
// plugin has to load.

import { AGENT_ANNOTATION, type AgentDescription, type CapturedPort } from '@kubectl-tp/control-plane/api';
import type { Pod } from './objects.ts';

/** Undefined for a pod without agent, and for what no webhook of ours wrote: anybody may annotate their own pods. */
export function describeAgent(pod: Pod): AgentDescription | undefined {
  const text = pod.metadata.annotations?.[AGENT_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const description: unknown = JSON.parse(text);
    return isDescription(description) ? description : undefined;
  } catch {
    return undefined; // not JSON
  }
}

function isDescription(value: unknown): value is AgentDescription {
  if (!isObject(value)) return false;
  const { version, ports } = value;
  return typeof version === 'string' && Array.isArray(ports) && ports.every(isCapturedPort);
}

function isCapturedPort(value: unknown): value is CapturedPort {
  if (!isObject(value)) return false;
  const { name, appPort, agentPort, capture, container } = value;
  return (
    (name === undefined || typeof name === 'string') &&
    isPortNumber(appPort) &&
    isPortNumber(agentPort) &&
    (capture === 'Name' || capture === 'Nft') &&
    typeof container === 'string'
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isPortNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}
