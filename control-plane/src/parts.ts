// The parts of the control plane and how they hang together. Nothing runs yet.

import {
  type AgentEvent,
  createDiscoveryServer,
  createSnapshotCache,
  type DiscoveryServer,
  type ServerIdentity,
} from '@kubectl-tp/xds';
import { afterAgentEvent } from './agent-events.ts';
import { CONTROL_PLANE_SERVICE } from './api/index.ts';
import { createAuthenticateAgent, isCurrentAgent } from './authenticate-agent.ts';
import { createAgentCertificates } from './certificates/agent-certificates.ts';
import type { Authority } from './certificates/authority.ts';
import { issueRelayCertificate } from './certificates/relay-certificate.ts';
import { createWebhookCertificateKeeper } from './certificates/webhook-certificate-keeper.ts';
import type { Config } from './config.ts';
import { createAccessReviewer } from './kubernetes/access-review.ts';
import type { KubernetesClient } from './kubernetes/index.ts';
import { createLeaderLease } from './kubernetes/leader-lease.ts';
import { createTokenReviewer } from './kubernetes/token-review.ts';
import { createWriteQueue } from './kubernetes/write-queue.ts';
import type { Observer } from './observer.ts';
import { createPublisher } from './publisher.ts';
import { findAgents } from './reach/find-agents.ts';
import { createJudge } from './reach/judge.ts';
import { createAuthenticateRelay } from './reach-server/authenticate-relay.ts';
import { createReachServer } from './reach-server/server.ts';
import { createReconciler } from './reconciler.ts';
import { createReporter } from './reporter.ts';
import { createWatchedState } from './state/watched-state.ts';
import { EMPTY_MEMORY, revisionOf } from './translator/index.ts';

export type PartsOptions = {
  readonly client: KubernetesClient;
  readonly authority: Authority;
  readonly identity: ServerIdentity;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  readonly now: () => number;
};

export type Parts = ReturnType<typeof createParts>;

export function createParts(config: Config, options: PartsOptions) {
  const { client, authority, identity, observer, signal, now } = options;
  const { podName: replica, installNamespace: namespace } = config;
  const isLeader = () => leader.isLeader;

  // What the cluster looks like, as one immutable value.
  const state = createWatchedState({ client, installNamespace: namespace, now, onTrouble: observer.watchTrouble });

  // Which replica writes for all.
  const leader = createLeaderLease({
    client,
    namespace,
    name: CONTROL_PLANE_SERVICE,
    identity: replica,
    now,
    onTrouble: (error) => observer.trouble('lease of the leader', error),
    onChange(leads) {
      observer.leads(leads);
      reconciler.ring();
      webhookCertificate.ring();
    },
  });

  // The webhook's certificate, and the authority by which the API server knows it.
  const webhookCertificate = createWebhookCertificateKeeper({
    client,
    authority,
    namespace,
    isLeader,
    now,
    onTrouble: (error) => observer.trouble('certificate of the webhook', error),
  });

  // Whose tokens agents and relays present.
  const reviewer = createTokenReviewer({ client, now });
  const findPod = (node: string) => state.read().pods.get(node);

  // Serves agents: each gets what the cache holds for its node, and what it says of it enters the state.
  const cache = createSnapshotCache();
  const server: DiscoveryServer = createDiscoveryServer({
    cache,
    identity,
    authenticate: createAuthenticateAgent({ reviewer, findPod }),
    onAgent(event: AgentEvent) {
      observer.agent(event);
      const { agents, intercepts } = state.read();
      const revision = (key: string) => {
        const intercept = intercepts.get(key);
        return intercept && revisionOf(intercept);
      };
      state.setAgent(event.node, afterAgentEvent(agents.get(event.node), event, revision));
    },
  });

  // Tells relays what a session may dial, and by which agents, and who they are.
  const reach = createReachServer({
    identity,
    authenticate: createAuthenticateRelay({ reviewer, findPod, installNamespace: namespace }),
    judge: createJudge({
      read: state.read,
      installNamespace: namespace,
      mayGetServices: createAccessReviewer({ client, now }).mayGetServices,
    }),
    findAgents(question) {
      const { heldUntilMs } = reconciler.memory;
      return findAgents(state.read(), { heldUntilMs, gateKey: authority.gateKey }, question);
    },
    certify: (relay, { publicKey }) => issueRelayCertificate(authority, { relay, publicKey, nowMs: now() }),
    // The first translation has seen all of the cluster, and who holds which exit.
    isReady: () => reconciler.memory !== EMPTY_MEMORY,
    onTrouble: (error) => observer.trouble('question of a relay', error),
  });

  // The loop: state -> translate -> publish -> report.
  const reconciler = createReconciler({
    state,
    settings: {
      replica,
      installNamespace: namespace,
      agentIdleTimeoutMs: config.agentIdleTimeoutMs,
      gateKey: authority.gateKey,
    },
    publisher: createPublisher({
      cache,
      certificates: createAgentCertificates(authority),
      now,
      onTrouble: (node, error) => observer.trouble(`resources of agent ${node}`, error),
    }),
    dismissAgents: ({ pods }) => server.endOutdated((agent) => isCurrentAgent(agent, (node) => pods.get(node))),
    reporter: createReporter({
      client,
      queue: createWriteQueue({
        signal,
        onTrouble(key, error) {
          observer.writeTrouble(key, error);
          // Somebody may be waiting for it: the next round says why it is late.
          reconciler.ring();
        },
      }),
      authority,
      replica,
      installNamespace: namespace,
      sessionGraceMs: config.sessionGraceMs,
      isLeader,
      now,
      onTrouble: observer.writeTrouble,
    }),
    now,
    onRound: observer.round,
  });

  return { state, leader, webhookCertificate, cache, server, reach, reconciler };
}
