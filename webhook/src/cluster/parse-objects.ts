// Objects from the API server as this process uses them.

import { Intercept, Session } from '@kubectl-tp/control-plane/api';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ServiceView } from '../inject/namespace-view.ts';
import { type Pod, PodValidator } from '../inject/pod.ts';

const InterceptValidator = Compile(Intercept);
const SessionValidator = Compile(Session);
const Service = Compile(
  Type.Object({
    metadata: Type.Object({ name: Type.String() }),
    spec: Type.Object({
      selector: Type.Optional(Type.Record(Type.String(), Type.String())),
      clusterIP: Type.Optional(Type.String()),
      ports: Type.Optional(
        Type.Array(
          Type.Object({
            name: Type.Optional(Type.String()),
            port: Type.Integer(),
            targetPort: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
            protocol: Type.Optional(Type.String()),
          }),
        ),
      ),
    }),
  }),
);

/** Undefined for something that is no Service; one that selects no pods has no selector. */
export function parseService(object: unknown): ServiceView | undefined {
  if (!Service.Check(object)) return undefined;
  const { selector = {}, clusterIP, ports = [] } = object.spec;
  return {
    name: object.metadata.name,
    selector: Object.keys(selector).length === 0 ? undefined : selector,
    headless: clusterIP === 'None',
    ports: ports
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ name, port, targetPort = port }) => ({ name, port, targetPort })),
  };
}

const LeavingPod = Compile(Type.Object({ metadata: Type.Object({ deletionTimestamp: Type.String() }) }));

/** Undefined for a pod that is going away. */
export function parsePod(object: unknown): Pod | undefined {
  return PodValidator.Check(object) && !LeavingPod.Check(object) ? object : undefined;
}

/** Undefined for what is none of ours: the CRD lets nothing else in, so only another version's objects. */
export function parseIntercept(object: unknown): Intercept | undefined {
  return InterceptValidator.Check(object) ? object : undefined;
}

export function parseSession(object: unknown): Session | undefined {
  return SessionValidator.Check(object) ? object : undefined;
}
