// Probes and lifecycle handlers of the application must go on reaching the application itself: they are the kubelet's,
// not a caller's, and a probe that follows an intercept to a laptop would let the laptop decide whether the pod lives.

import type { CapturedPort } from '@kubectl-tp/control-plane/api';
import { type Container, type Handler, isTcp, mapServingContainers, type Pod } from './pod.ts';
import { takenNames } from './take-over-names.ts';

/** `bypasses`: by application port captured by nft, the port that the rules lead past the agent. */
export function rewriteProbes(pod: Pod, ports: readonly CapturedPort[], bypasses: ReadonlyMap<number, number>): Pod {
  const names = takenNames(ports);
  return mapServingContainers(pod, (container) =>
    rewriteHandlers(container, (port) => {
      const number = typeof port === 'number' ? port : findNumber(container, port);
      if (number === undefined) return port;
      return bypasses.get(number) ?? (typeof port === 'string' && names.has(port) ? number : port);
    }),
  );
}

/** A number stays one. */
type Rewrite = <Port extends number | string>(port: Port) => Port | number;

function rewriteHandlers(container: Container, rewrite: Rewrite): Container {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  return {
    ...container,
    ...(livenessProbe && { livenessProbe: rewriteHandler(livenessProbe, rewrite) }),
    ...(readinessProbe && { readinessProbe: rewriteHandler(readinessProbe, rewrite) }),
    ...(startupProbe && { startupProbe: rewriteHandler(startupProbe, rewrite) }),
    ...(lifecycle && {
      lifecycle: {
        ...lifecycle,
        ...(lifecycle.postStart && { postStart: rewriteHandler(lifecycle.postStart, rewrite) }),
        ...(lifecycle.preStop && { preStop: rewriteHandler(lifecycle.preStop, rewrite) }),
      },
    }),
  };
}

function rewriteHandler(handler: Handler, rewrite: Rewrite): Handler {
  const { httpGet, tcpSocket, grpc } = handler;
  return {
    ...handler,
    ...(httpGet && { httpGet: { ...httpGet, port: rewrite(httpGet.port) } }),
    ...(tcpSocket && { tcpSocket: { ...tcpSocket, port: rewrite(tcpSocket.port) } }),
    ...(grpc && { grpc: { ...grpc, port: rewrite(grpc.port) } }),
  };
}

/** A handler's port name means a port of its own container, whichever protocol. */
function findNumber(container: Container, name: string): number | undefined {
  const ports = container.ports ?? [];
  return (ports.find((port) => port.name === name && isTcp(port)) ?? ports.find((port) => port.name === name))
    ?.containerPort;
}
