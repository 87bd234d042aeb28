// Lets a connection of a laptop leave from a pod: joins it with the gate of an agent, after telling that where to, and the
// secret by which the gate knows that a relay says so.

import type { Duplex } from 'node:stream';
import { GATE_PROOF_ADDRESS, GATE_SECRET_TYPE } from '../../api/index.ts';
import { buildProxyHeader } from '../../protocol/index.ts';
import type { Agents } from '../exits.ts';
import { joinConnection, type TellResult } from './join-connection.ts';

/** An agent is in the same cluster; one that does not answer has another beside it, or none. */
const GATE_TIMEOUT_MS = 3000;
const MAX_ATTEMPTS = 3;

/** `to` undefined: to the gate itself. Tries the agents in their order. */
export function joinExit(
  stream: Duplex,
  { agents, to }: { agents: Agents; to: { host: string; port: number } | undefined },
  tell: TellResult,
): void {
  const [agent, ...others] = agents.slice(0, MAX_ATTEMPTS);
  if (agent === undefined) return void tell('unreachable', 'No agent is there.');
  const gate = { host: agent.address, port: agent.port };
  const tlv = { type: GATE_SECRET_TYPE, value: agent.secret };
  const header = buildProxyHeader({ ...(to ?? { host: GATE_PROOF_ADDRESS, port: agent.port }), tlv });
  const options = { ...gate, header, timeoutMs: GATE_TIMEOUT_MS };
  joinConnection(stream, options, (result, reason) => {
    if (result === 'connected') tell(result);
    else if (others.length > 0 && !stream.destroyed) joinExit(stream, { agents: others, to }, tell);
    else tell('unreachable', `The agent of pod ${agent.pod} does not answer (${reason}). ${REMEDY}`);
  });
}

const REMEDY = 'A NetworkPolicy there may keep the relays out: kubectl get networkpolicies -A';
