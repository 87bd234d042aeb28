// What `status` answers.

import type { TunnelWay } from '../tunnel/connect-relay.ts';
import type { InterceptName } from './intercept-messages.ts';
import type { ConnectResult } from './network-messages.ts';

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
