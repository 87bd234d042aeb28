// The part of a Pod that injection reads. What it doesn't name passes through untouched: values are spread, never rebuilt.

import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const PortReference = Type.Union([Type.Integer(), Type.String()]);

/** A probe or a lifecycle handler: both may name a port of their container. */
export const Handler = Type.Object({
  httpGet: Type.Optional(Type.Object({ port: PortReference })),
  tcpSocket: Type.Optional(Type.Object({ port: PortReference })),
  /** By number only. */
  grpc: Type.Optional(Type.Object({ port: Type.Integer() })),
  sleep: Type.Optional(Type.Object({ seconds: Type.Integer() })),
});
export type Handler = Static<typeof Handler>;

export const ContainerPort = Type.Object({
  name: Type.Optional(Type.String()),
  containerPort: Type.Integer(),
  protocol: Type.Optional(Type.String()),
});
export type ContainerPort = Static<typeof ContainerPort>;

const Quantities = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]));

export const Container = Type.Object({
  name: Type.String(),
  ports: Type.Optional(Type.Array(ContainerPort)),
  livenessProbe: Type.Optional(Handler),
  readinessProbe: Type.Optional(Handler),
  startupProbe: Type.Optional(Handler),
  lifecycle: Type.Optional(Type.Object({ postStart: Type.Optional(Handler), preStop: Type.Optional(Handler) })),
  resources: Type.Optional(Type.Object({ requests: Type.Optional(Quantities), limits: Type.Optional(Quantities) })),
  /** `Always` makes an init container a native sidecar. */
  restartPolicy: Type.Optional(Type.String()),
});
export type Container = Static<typeof Container>;

export const Volume = Type.Object({ name: Type.String() });
export type Volume = Static<typeof Volume>;

const OwnerReference = Type.Object({
  kind: Type.String(),
  name: Type.String(),
  controller: Type.Optional(Type.Boolean()),
});

export const Pod = Type.Object({
  metadata: Type.Object({
    name: Type.Optional(Type.String()),
    generateName: Type.Optional(Type.String()),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    ownerReferences: Type.Optional(Type.Array(OwnerReference)),
  }),
  spec: Type.Object({
    hostNetwork: Type.Optional(Type.Boolean()),
    os: Type.Optional(Type.Object({ name: Type.String() })),
    terminationGracePeriodSeconds: Type.Optional(Type.Integer()),
    initContainers: Type.Optional(Type.Array(Container)),
    containers: Type.Array(Container, { minItems: 1 }),
    volumes: Type.Optional(Type.Array(Volume)),
  }),
});
export type Pod = Static<typeof Pod>;
/** Compiled once: API server and people wait while pods are checked. */
export const PodValidator = Compile(Pod);

function isNativeSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/**
 * The containers that serve while the pod lives, in the order in which Kubernetes looks for a Service's named port:
 * the first that has the name gives the number.
 */
export function servingContainers(pod: Pod): Container[] {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(isNativeSidecar)];
}

export function isTcp(port: ContainerPort): boolean {
  return (port.protocol ?? 'TCP') === 'TCP';
}

/** Applies `change` to every container that serves; init containers that end before the pod serves stay as they are. */
export function mapServingContainers(pod: Pod, change: (container: Container) => Container): Pod {
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(change),
      ...(initContainers && {
        initContainers: initContainers.map((container) => (isNativeSidecar(container) ? change(container) : container)),
      }),
    },
  };
}
