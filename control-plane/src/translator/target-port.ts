// What a target comes to before its pods are looked at one by one: a port, or the reason why there is none.

import type { AcceptedReason } from '../api/index.ts';
import type { PodModel } from '../state/cluster-state.ts';

/** Why an intercept can't be accepted, ready for its condition. */
export type Refusal = { readonly reason: AcceptedReason; readonly detail: string };

/** Why connections can be caught by the number of a port only: callers do not come by its name. */
export type ByNumber = 'NumericTargetPort' | 'HeadlessService' | 'NoServiceByName';

/** The port a Service or workload means, before looking at single pods. */
export type TargetPort = {
  readonly pods: readonly PodModel[];
  /** Number, or name of a container port that each pod may give another number. */
  readonly port: number | string;
  /** Undefined: taking over the name catches all of the target's connections. */
  readonly byNumber: ByNumber | undefined;
  /** The name that leads there. Of a number with several, an agent that catches by name has taken over one only. */
  readonly name: string | undefined;
  /** Name or number for people. */
  readonly label: string;
};

/** One number may be a port of TCP and one of UDP, as with HTTP/3: only the first can be intercepted. */
export function preferTcp<P extends { readonly protocol: string }>(ports: readonly P[]): P | undefined {
  return ports.find(({ protocol }) => protocol === 'TCP') ?? ports[0];
}
