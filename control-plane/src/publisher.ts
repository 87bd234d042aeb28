// Hands agents' configurations to the discovery server: certificates for those that need one, Envoy resources for those
// whose configuration has changed. What cannot be built keeps its last good state.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type AgentConfig,
  type AgentCredentials,
  buildAgentResources,
  hasLaptops,
  type Problem,
  type SnapshotCache,
  validateAgentConfig,
} from '@kubectl-tp/xds';
import type { AgentCertificates } from './certificates/agent-certificates.ts';
import { hashAgentConfig } from './translator/index.ts';

export type PublisherOptions = {
  readonly cache: SnapshotCache;
  readonly certificates: AgentCertificates;
  readonly now: () => number;
  readonly onTrouble: (node: string, error: unknown) => void;
};

/** What is wrong with an intercept, by `<namespace>/<name>`: agents go without it. */
export type InterceptProblems = ReadonlyMap<string, string>;

export type Publication = {
  readonly problems: InterceptProblems;
  /** When the first certificate is to be renewed; Infinity without any. */
  readonly nextMs: number;
};

export type Publisher = {
  /** Afterwards the discovery server serves these agents and no others. */
  publish(agents: ReadonlyMap<string, AgentConfig>): Promise<Publication>;
};

type Published = {
  readonly config: AgentConfig;
  readonly credentials: AgentCredentials | undefined;
  readonly problems: InterceptProblems;
};

/** Building resources for thousands of agents must not keep streams from being served. */
const BATCH_SIZE = 50;

export function createPublisher({ cache, certificates, now, onTrouble }: PublisherOptions): Publisher {
  const published = new Map<string, Published>();

  async function publish(agents: ReadonlyMap<string, AgentConfig>): Promise<Publication> {
    const served = { isServed: (node: string) => agents.has(node), nowMs: now() };
    const credentials = await certificates.provide(nodesWithLaptops(agents), served);
    for (const node of [...published.keys()].filter((node) => !agents.has(node))) forget(node);
    let built = 0;
    for (const [node, config] of agents) {
      if (!publishOne(config, credentials.get(node))) continue;
      built += 1;
      if (built % BATCH_SIZE === 0) await nextTurn();
    }
    const problems = new Map([...published.values()].flatMap((entry) => [...entry.problems]));
    return { problems, nextMs: certificates.nextRenewalMs() };
  }

  /** True if there was something to build. */
  function publishOne(config: AgentConfig, credentials: AgentCredentials | undefined): boolean {
    const { node } = config;
    const held = published.get(node);
    if (held?.credentials === credentials && isDeepStrictEqual(held?.config, config)) return false;
    try {
      cache.setSnapshot(node, buildAgentResources(config, credentials), hashAgentConfig(config));
      published.set(node, { config, credentials, problems: findProblems(config) });
    } catch (error) {
      onTrouble(node, error);
    }
    return true;
  }

  function forget(node: string): void {
    published.delete(node);
    cache.deleteSnapshot(node);
  }

  return { publish };
}

function nodesWithLaptops(agents: ReadonlyMap<string, AgentConfig>): string[] {
  return [...agents].flatMap(([node, config]) => (hasLaptops(config) ? [node] : []));
}

/** A fault of the agent, of a port or of the gate concerns every intercept there. */
function findProblems(config: AgentConfig): InterceptProblems {
  const exits = config.gate?.exits ?? [];
  const idsOf = ({ subject, name }: Problem): string[] => {
    if (subject === 'intercept') return [name];
    if (subject === 'gate') return exits.map(({ id }) => id);
    if (subject !== 'agent' && subject !== 'port') return [];
    const ports = config.ports.filter(({ appPort }) => subject === 'agent' || String(appPort) === name);
    const concerned = [...ports.flatMap(({ intercepts }) => intercepts), ...(subject === 'agent' ? exits : [])];
    return concerned.map(({ id }) => id);
  };
  const problems = validateAgentConfig(config);
  return new Map(problems.flatMap((problem) => idsOf(problem).map((id) => [id, problem.message] as const)));
}
