// What is asked and answered of the cluster's network: `connect`, and the network of a command whose intercepts end there.

import type { TargetKind } from '@kubectl-tp/control-plane/api';
import type { ErrorDescription } from '../errors.ts';
import type { DnsWay } from '../network/helper/messages.ts';
import type { NamespaceDescriptors } from '../network/rootless/messages.ts';
import type { Credentials } from '../proxy/credentials.ts';

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
