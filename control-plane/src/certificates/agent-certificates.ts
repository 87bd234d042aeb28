// Certificates of agents: one per pod, made when first needed, kept in memory while the pod has an agent, renewed in time
// while it is needed. Another replica of the control plane makes its own; agents take either.

import type { AgentCredentials } from '@kubectl-tp/xds';
import { buildAgentId } from '../protocol/index.ts';
import type { Authority } from './authority.ts';
import { issueKeyedCertificate, type KeyedCertificate } from './issue.ts';

export type AgentCertificates = {
  /** By node id `<namespace>/<pod>`, for those in `needed`. Forgets nodes for which `isServed` does not stand. */
  provide(
    needed: readonly string[],
    options: { readonly isServed: (node: string) => boolean; readonly nowMs: number },
  ): Promise<ReadonlyMap<string, AgentCredentials>>;
  /** When the first of all kept ones wants renewal, or to be forgotten; Infinity without any. */
  nextRenewalMs(): number;
};

type Issued = { readonly credentials: AgentCredentials; readonly renewAtMs: number };

export function createAgentCertificates(authority: Authority): AgentCertificates {
  let issued: ReadonlyMap<string, Issued> = new Map();

  async function renew(node: string, nowMs: number): Promise<Issued> {
    const held = issued.get(node);
    if (held !== undefined && nowMs < held.renewAtMs) return held;
    const certificate = await issueKeyedCertificate(authority, {
      uris: [agentIdOf(node)],
      usages: ['client'],
      nowMs,
    });
    return { credentials: credentialsOf(certificate, authority), renewAtMs: certificate.renewAtMs };
  }

  return {
    async provide(needed, { isServed, nowMs }) {
      // The next intercept of a pod then need not wait for a key and a signature.
      const kept = [...issued].filter(([node, { renewAtMs }]) => isServed(node) && nowMs < renewAtMs);
      const provided = await Promise.all(needed.map(async (node) => [node, await renew(node, nowMs)] as const));
      issued = new Map([...kept, ...provided]);
      return new Map(provided.map(([node, { credentials }]) => [node, credentials]));
    },
    nextRenewalMs: () => Math.min(...[...issued.values()].map(({ renewAtMs }) => renewAtMs)),
  };
}

function agentIdOf(node: string): string {
  const [namespace = '', pod = ''] = node.split('/');
  return buildAgentId({ namespace, pod });
}

function credentialsOf({ certificate, privateKey }: KeyedCertificate, { bundle }: Authority): AgentCredentials {
  return { certificateChain: certificate, privateKey, authority: bundle };
}
