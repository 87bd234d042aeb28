// What everything that reports to the API server needs.

import type { KubernetesClient } from '../kubernetes/index.ts';

export type Reporting = {
  readonly client: KubernetesClient;
  /** Name of this pod. */
  readonly replica: string;
  /** Where Sessions live. */
  readonly installNamespace: string;
  readonly isLeader: boolean;
  readonly now: () => number;
  readonly onTrouble: (what: string, error: unknown) => void;
};
