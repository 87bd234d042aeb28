// What is asked and answered of intercepts: `intercept`, `replace` and `leave`.

import type { Fallback, HeaderMatch, TargetKind } from '@kubectl-tp/control-plane/api';
import type { Environment } from '../environment/collect.ts';
import type { MountedVolumes } from '../volumes/mounted-volumes.ts';
import type { VolumeRequest } from './container-messages.ts';
import type { InsideRequest, InsideResult } from './network-messages.ts';

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

export type LeaveRequest =
  /** Without namespace in all of them. */
  | { readonly all: true; readonly namespace?: string }
  /** Name of an intercept, or of its or an ingest's target (`orders`, `deployment/orders`). */
  | { readonly all: false; readonly namespace: string; readonly name: string };

export type QuitResult = {
  readonly left: readonly InterceptName[];
  /** Why the cluster could not be told: what it has of the session goes by itself, some time after the laptop. */
  readonly unreachable?: string;
};
