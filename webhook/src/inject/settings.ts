// What an install decides about the agents it injects.

export type Resources = {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
};

export type InjectSettings = {
  /** Version of this webhook, recorded in the pod. */
  readonly version: string;
  readonly agentImage: string;
  /** Image with `nft` in its path. */
  readonly captureImage: string;
  readonly imagePullPolicy: string;
  /** Where the control plane lives. */
  readonly installNamespace: string;
  /** PEM of the certificates that the agent accepts for the control plane. */
  readonly authority: string;
  /** Pods have IPv6 addresses, alone or beside IPv4, so agents must listen on them. */
  readonly ipv6: boolean;
  readonly agentResources: Resources;
  readonly captureResources: Resources;
  /** How long an application goes on serving after it should end; 0 = leave it alone. */
  readonly preStopSleepSeconds: number;
};
