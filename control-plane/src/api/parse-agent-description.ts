// Reads what the webhook wrote into a pod. Apart from the list of exports: it checks a schema, and the plugin, which needs
// the words of `api` in every command, would load all of that.

import { Compile } from 'typebox/compile';
import { AgentDescription } from './agent-description.ts';
import { AGENT_ANNOTATION } from './names.ts';

const Description = Compile(AgentDescription);

/** Undefined for a pod without agent, and for what no webhook of ours wrote: anybody may annotate their own pods. */
export function parseAgentDescription(
  annotations: Readonly<Record<string, string>> | undefined,
): AgentDescription | undefined {
  const text = annotations?.[AGENT_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const description: unknown = JSON.parse(text);
    return Description.Check(description) ? description : undefined;
  } catch {
    return undefined; // not JSON
  }
}
