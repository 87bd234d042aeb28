// One immutable view of everything the control plane watches. Replaced whole with each change; the translator reads
// it, nobody writes to it. Objects are narrowed to what is used, so that thousands of pods stay cheap.

import type { AgentDescription, Intercept, Session } from '../api/index.ts';

/** `<namespace>/<name>`; for cluster-wide and single-namespace objects just the name. */
export type ObjectKey = string;

export type ClusterState = {
  readonly intercepts: ReadonlyMap<ObjectKey, Intercept>;
  readonly sessions: ReadonlyMap<ObjectKey, Session>;
  readonly services: ReadonlyMap<ObjectKey, ServiceModel>;
  /** Without pods that have ended (phase Succeeded or Failed). */
  readonly pods: ReadonlyMap<ObjectKey, PodModel>;
  /** By `workloadKey`, as a Deployment and a StatefulSet may share a name. */
  readonly workloads: ReadonlyMap<ObjectKey, WorkloadModel>;
  /** By name. */
  readonly namespaces: ReadonlyMap<string, NamespaceModel>;
  /** Which relays hold which session's tunnel, by session name; only relays whose pod is ready and Lease is fresh. */
  readonly tunnels: ReadonlyMap<string, readonly RelayEndpoint[]>;
  /** What connected agents of this process hold, by node id `<namespace>/<pod>`. */
  readonly agents: ReadonlyMap<string, AgentState>;
  /** Names of the control plane's own live pods: reports of others are stale. */
  readonly replicas: ReadonlySet<string>;
};

export type NamespaceModel = {
  /** Value of label INJECT: `enabled` wants agents without any intercept, `disabled` wants none at all. */
  readonly inject: 'enabled' | 'disabled' | undefined;
  /** Its pod security level keeps agents from catching ports by nft rules. */
  readonly refusesNft: boolean;
};

export type RelayEndpoint = { readonly pod: string; readonly address: string; readonly port: number };

export type ServiceModel = {
  readonly namespace: string;
  readonly name: string;
  /** Undefined: no selector, so it can't be intercepted. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly headless: boolean;
  /** Its addresses in all families; none if headless or an external name. */
  readonly clusterIps: readonly string[];
  readonly ports: readonly ServicePortModel[];
};

export type ServicePortModel = {
  readonly name: string | undefined;
  readonly port: number;
  /** Number or name, as the Service says. */
  readonly targetPort: number | string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol: string | undefined;
};

export type PodModel = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ip: string | undefined;
  /** In the other family, where the cluster has two. */
  readonly otherIps: readonly string[];
  /** Its addresses are those of its node. */
  readonly hostNetwork: boolean;
  /** Addresses of its node in all families; none before it has one. */
  readonly hostIps: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** When its deletion was asked for. */
  readonly terminatingSinceMs: number | undefined;
  /** The Deployment, StatefulSet, DaemonSet, ... at the top of the chain of owners. */
  readonly workload: WorkloadRef | undefined;
  /** Of the application's containers; the agent's are not among them. */
  readonly ports: readonly ContainerPortModel[];
  readonly agent: AgentDescription | undefined;
  /** Value of the rollout annotation the pod was created with. */
  readonly rollout: string | undefined;
  /** Why the pod isn't ready, where its status says so (image pull, crash loop, unschedulable). */
  readonly trouble: string | undefined;
};

export type ContainerPortModel = {
  readonly container: string;
  readonly name: string | undefined;
  readonly number: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
};

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';
export type WorkloadRef = { readonly kind: WorkloadKind | 'ReplicaSet' | 'Job' | 'Other'; readonly name: string };

export type WorkloadModel = {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  /** A paused Deployment rolls nothing. StatefulSets and DaemonSets with `OnDelete` count as paused, too. */
  readonly paused: boolean;
  /** Value of ROLLOUT_ANNOTATION in the pod template. */
  readonly rollout: string | undefined;
  /** Value of annotation INJECT in the pod template. */
  readonly inject: 'enabled' | 'disabled' | undefined;
  /** The template asks for the node's network, which agents must stay out of. */
  readonly hostNetwork: boolean;
  readonly unusedSince: string | undefined;
  /** The controller has observed the newest template and all replicas run it. */
  readonly rolledOut: boolean;
  /** Message of a condition that keeps the rollout from going on (quota, pod security, deadline). */
  readonly trouble: string | undefined;
  /** Port names and numbers of the pod template's containers. */
  readonly ports: readonly ContainerPortModel[];
};

/** Key of a workload in `ClusterState.workloads`. */
export function workloadKey({ kind, namespace, name }: { kind: string; namespace: string; name: string }): ObjectKey {
  return `${kind}/${namespace}/${name}`;
}

/** What one agent has acknowledged. */
export type AgentState = {
  /** Hash of the last AgentConfig all of whose resources the agent acknowledged. */
  readonly acknowledged: string | undefined;
  /** Text of the last rejection that no later acknowledgement has cured. */
  readonly rejection: string | undefined;
  /** Intercepts that the agent has refused by themselves: it goes without them until they change. */
  readonly quarantine?: Readonly<Record<ObjectKey, Quarantined>>;
};

/** `revision` is that of the intercept which was refused, `text` the agent's words. */
export type Quarantined = { readonly revision: string; readonly text: string };
