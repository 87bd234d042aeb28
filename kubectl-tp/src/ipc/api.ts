// What CLI and session process say to each other over the unix socket. One connection carries one call, as lines of
// JSON: a request, then any number of progress lines, then a result or an error. The caller ends its side to cancel,
// or, after the result of an intercept with `hold`, to end the intercept; an error after that result tells that the
// intercept has ended elsewhere.

import type { Fallback, HeaderMatch, TargetKind } from '@kubectl-tp/control-plane/api';
import type { Environment } from '../environment/collect.ts';
import type { ErrorDescription } from '../errors.ts';
import type { DnsWay } from '../network/helper/messages.ts';
import type { NamespaceDescriptors } from '../network/rootless/messages.ts';
import type { Credentials } from '../proxy/credentials.ts';
import type { TunnelWay } from '../tunnel/connect-relay.ts';
import type { MountedVolumes } from '../volumes/volume-book.ts';

export type SessionApi = {
  intercept: { arguments: InterceptRequest; result: InterceptResult };
  /** All ports of a target, without condition: one intercept each, all or none. */
  replace: { arguments: ReplaceRequest; result: ReplaceResult };
  /** Environment and files of a container, without an intercept. */
  ingest: { arguments: IngestRequest; result: IngestResult };
  /** The caller holds it: the cluster's network is there until its end. That of the whole laptop: until `quit`. */
  connect: { arguments: ConnectRequest; result: ConnectResult };
  leave: { arguments: LeaveRequest; result: { left: InterceptName[] } };
  status: { arguments: Record<string, never>; result: SessionReport };
  /** Ends intercepts, Session object and process. */
  quit: { arguments: Record<string, never>; result: { left: InterceptName[] } };
};
export type Verb = keyof SessionApi;
/** Those that a command may follow, which then is in the network of the cluster. */
export type HeldVerb = 'intercept' | 'replace' | 'ingest';

/** First line of a connection. */
export type Request<V extends Verb = Verb> = {
  readonly verb: V;
  readonly arguments: SessionApi[V]['arguments'];
  /** A session process of another version or with other credentials makes room for a new one. */
  readonly version: string;
  readonly credentials: string;
  /**
   * Of a command that runs already and has lost its process. Replaces none: commands with different credentials or
   * versions would take the process from each other for ever. Served whatever the credentials, of which there may be
   * newer ones by now; a process of another version answers `makesRoom` and stays.
   */
  readonly again?: true;
};

/** A line of the answer. `makesRoom`: call again on a new process; nothing was done. */
export type Answer<V extends Verb = Verb> =
  | { readonly progress: string }
  /** The caller is to start the root helper, which connects to this socket. */
  | { readonly startHelper: string }
  | { readonly result: SessionApi[V]['result'] }
  | { readonly error: ErrorDescription }
  /** The last line of a call with `hold` that its caller has ended: nothing of the effect is left. */
  | { readonly ended: true }
  | { readonly makesRoom: true };

/** The network in which the caller's command is to run, and its intercepts to end. */
export type InsideRequest = {
  readonly descriptors: NamespaceDescriptors;
  /** Else the call goes on without it when it can't be joined to the cluster's. */
  readonly isRequired: boolean;
  readonly timeoutMs: number;
};

export type InsideResult =
  | {
      readonly network: ConnectResult;
      /** Ports of the laptop's localhost that lead there. */
      readonly forwards: readonly number[];
      /** Those that somebody else has on the laptop. */
      readonly taken: readonly number[];
    }
  | { readonly error: ErrorDescription };

export type InterceptName = { readonly namespace: string; readonly name: string };

export type InterceptRequest = {
  readonly namespace: string;
  readonly target: { readonly kind: TargetKind; readonly name: string };
  /** Name or number of the target's port. */
  readonly remotePort?: string;
  /** Default: the number of the container port. */
  readonly laptopPort?: number;
  readonly headers: readonly HeaderMatch[];
  readonly fallback: Fallback;
  readonly ttlMs?: number;
  readonly timeoutMs: number;
  /** The intercept ends when the caller does; the local port must still be free. */
  readonly hold: boolean;
  /** With `hold`: the command listens on the local port already. */
  readonly portMayBeOpen?: boolean;
  /** Which container the laptop stands in for; default: the one behind the port. */
  readonly container?: string;
  /** Also answer with the environment of that container. */
  readonly environment: boolean;
  /** With `environment`: also variables that make programs run code of the pod's choice. */
  readonly loaderVariables: boolean;
  /** With `environment`: have the container's volumes as files. */
  readonly volumes?: VolumeRequest;
  /** With `hold`. */
  readonly inside?: InsideRequest;
};

export type VolumeRequest = {
  /** The absolute path of the folder; default: a private one. */
  readonly root?: string;
  /** What is written into live volumes is written in the pod. */
  readonly isWritable?: boolean;
};

export type InterceptResult = InterceptName & {
  readonly session: string;
  readonly target: string;
  /** Where callers in the cluster reach the target; undefined for workloads. */
  readonly host?: string;
  readonly headers: readonly HeaderMatch[];
  readonly laptop: { readonly port: number };
  readonly containerPort: number;
  readonly agents: { readonly ready: number; readonly total: number };
  readonly capture: 'Name' | 'Nft' | 'Unknown';
  readonly fallback: Fallback;
  readonly expiresAt?: string;
  readonly container?: string;
  readonly environment?: Environment;
  readonly volumes?: MountedVolumes;
  readonly inside?: InsideResult;
};

export type ReplaceRequest = Pick<
  InterceptRequest,
  | 'namespace'
  | 'target'
  | 'container'
  | 'fallback'
  | 'timeoutMs'
  | 'hold'
  | 'portMayBeOpen'
  | 'environment'
  | 'loaderVariables'
  | 'volumes'
  | 'inside'
> & {
  /** Ports that come to another port of this laptop than their own number. */
  readonly ports: readonly { readonly laptopPort: number; readonly remotePort?: string }[];
};

/** Environment and files are with the first. */
export type ReplaceResult = { readonly intercepts: readonly InterceptResult[]; readonly inside?: InsideResult };

export type IngestRequest = {
  readonly namespace: string;
  readonly target: { readonly kind: TargetKind; readonly name: string };
  readonly container?: string;
  readonly loaderVariables: boolean;
  readonly volumes?: VolumeRequest;
  /** It ends when the caller does. */
  readonly hold: boolean;
  /** With `hold`. */
  readonly inside?: InsideRequest;
};

export type IngestResult = {
  readonly namespace: string;
  readonly target: string;
  readonly pod: string;
  readonly container: string;
  readonly environment: Environment;
  readonly volumes?: MountedVolumes;
  readonly inside?: InsideResult;
};

/** How programs come into the cluster's network. */
export type NetworkEntry =
  /** Through a namespace of their own. */
  | { readonly kind: 'namespace'; readonly descriptors: NamespaceDescriptors }
  /** Through a proxy on this address of the laptop; port 0: any that is free. */
  | {
      readonly kind: 'proxy';
      readonly host: string;
      readonly port: number;
      /** `drawn`: new ones, which the result tells. Without: whoever reaches the port may use it. */
      readonly credentials?: Credentials | 'drawn';
    }
  /** For all programs of the laptop. CIDRs and names that go to the cluster, too, and CIDRs that never do. */
  | { readonly kind: 'laptop'; readonly alsoProxy: readonly string[]; readonly neverProxy: readonly string[] };

export type ConnectRequest = {
  /** Whose names may be written without their namespace. */
  readonly namespace: string;
  readonly entry: NetworkEntry;
  /** Connections leave from the pods of this Service or workload of the namespace. */
  readonly via?: { readonly kind: TargetKind; readonly name: string };
  readonly timeoutMs: number;
};

export type ConnectResult = {
  readonly session: string;
  readonly namespace: string;
  readonly mode: NetworkEntry['kind'];
  /** From whose pods connections leave, as people type it; undefined: from the relays. */
  readonly via?: string;
  /** CIDRs of the cluster, as far as the user may see them. */
  readonly ranges: readonly string[];
  readonly clusterDomain: string;
  readonly proxy?: { readonly host: string; readonly port: number; readonly credentials?: Credentials };
  readonly laptop?: LaptopReport;
};

export type LaptopReport = {
  readonly interface: string;
  /** Where programs ask for names. */
  readonly gateway: string;
  readonly dns: DnsWay;
  /** CIDRs that lead to the cluster now. */
  readonly routes: readonly string[];
  /** CIDRs of the cluster that the laptop has other routes to, and those that stand for them here. */
  readonly translated: readonly { readonly cluster: string; readonly laptop: string; readonly why: string }[];
  /** CIDRs that lead to the cluster, or to nowhere there, as they are. */
  readonly asTheyAre: readonly string[];
  /** In words: what of the cluster does not, and why. */
  readonly leftOut: readonly string[];
  /** Without it nobody can change routes, or put resolv.conf back. */
  readonly helper: { readonly pid: number; readonly state: 'running' | 'killed' };
};

export type LeaveRequest =
  | { readonly all: true }
  /** Name of an intercept, or of its or an ingest's target (`orders`, `deployment/orders`). */
  | { readonly all: false; readonly namespace: string; readonly name: string };

export type SessionReport = {
  readonly pid: number;
  readonly version: string;
  readonly socket: string;
  readonly log: string;
  readonly context: string;
  readonly server: string;
  readonly installNamespace: string;
  /** Undefined before the first intercept. */
  readonly session?: { readonly name: string; readonly certificateExpiresAt?: string };
  readonly relays: readonly RelayReport[];
  readonly intercepts: readonly InterceptReport[];
  readonly networks: readonly NetworkReport[];
  readonly ingests: readonly IngestReport[];
};

/** Without the password of a proxy: reports are shown, and passed on. */
export type NetworkReport = Omit<ConnectResult, 'session' | 'proxy'> & {
  readonly proxy?: { readonly host: string; readonly port: number };
  /** RFC 3339. */
  readonly since: string;
  readonly relays: readonly RelayReport[];
} & NetworkProof;

/** How long it took just now, or why it did not work. */
export type Proof = { readonly ms: number } | { readonly error: string };

/** A name of the cluster, and a connection to what was found. */
export type NetworkProof = {
  readonly lookup: Proof & { readonly name: string };
  readonly connection?: Proof & { readonly to: string };
};

export type IngestReport = { readonly namespace: string; readonly target: string; readonly root: string };

export type RelayReport = {
  readonly pod: string;
  readonly state: string;
  /** `proxy` is the API server's, the shorter way. */
  readonly way?: TunnelWay;
  readonly rttMs?: number;
  readonly error?: string;
};

export type InterceptReport = InterceptName & {
  readonly target: string;
  readonly match: string;
  /** Undefined for an exit, by which nothing comes to the laptop. */
  readonly laptopPort?: number;
  readonly laptopPortOpen?: boolean;
  readonly ready: boolean;
  /** Why not, in the words of the intercept's conditions. */
  readonly reason?: string;
  readonly agents: { readonly ready: number; readonly total: number };
  readonly capture: 'Name' | 'Nft' | 'Unknown';
  /** Seconds since each agent last reached this laptop. */
  readonly probes: readonly { readonly pod: string; readonly ageSeconds: number }[];
  /** Connections that each agent has brought to the local port, by pod. */
  readonly connections: Readonly<Record<string, number>>;
};
