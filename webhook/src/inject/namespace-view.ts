// What injection needs to know of a pod's namespace beside the pod.

import type { InterceptAction, InterceptTarget } from '@kubectl-tp/control-plane/api';

export type NamespaceView = {
  readonly labels: Readonly<Record<string, string>>;
  readonly services: readonly ServiceView[];
  /** Targets of the namespace's Intercepts. */
  readonly targets: readonly WantedTarget[];
};

export type WantedTarget = InterceptTarget & { readonly action?: InterceptAction };

export type ServiceView = {
  readonly name: string;
  /** Undefined: the Service selects no pods. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  /** Its callers connect to the pods' own addresses and ports, so that taking over a port's name catches nothing. */
  readonly headless: boolean;
  /** TCP only. */
  readonly ports: readonly ServicePortView[];
};

export type ServicePortView = {
  readonly name: string | undefined;
  readonly port: number;
  /** Number, or name of a container port. */
  readonly targetPort: number | string;
};

/** The port that an Intercept's target means; undefined when there is none, or several and none is named. */
export function findServicePort(service: ServiceView, port: string | undefined): ServicePortView | undefined {
  if (port === undefined) return service.ports.length === 1 ? service.ports[0] : undefined;
  return service.ports.find((candidate) => candidate.name === port || String(candidate.port) === port);
}
