// Whether an Intercept may be, and what it looks like then. Its owner is whoever asks for it, whatever the object says,
// and owns the session it names. Conflicts are looked for here so that people hear of them at once; the control plane
// decides about those that arise later (two creations at a time, pods that come to another Service).

import { type Intercept, InterceptSpec, SESSION_LABEL, type Session } from '@kubectl-tp/control-plane/api';
import { whyNotMatchable } from '@kubectl-tp/control-plane/match';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ServiceView } from '../inject/namespace-view.ts';
import type { Pod } from '../inject/pod.ts';
import { type Admission, refuse } from './admission.ts';
import { findConflict } from './find-conflict.ts';
import { findNameProblem } from './object-name.ts';
import { type AdmissionRequest, checkObject } from './review.ts';

const AdmittedIntercept = Compile(
  Type.Object({
    metadata: Type.Object({
      name: Type.Optional(Type.String()),
      labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    }),
    spec: InterceptSpec,
  }),
);

/** What has to be read for a decision. */
export type InterceptReader = {
  /** Undefined: there is no such Session. */
  readSession(name: string): Promise<Session | undefined>;
  listIntercepts(namespace: string): Promise<readonly Intercept[]>;
  listServices(namespace: string): Promise<readonly ServiceView[]>;
  /** Pods that live and are not going away. */
  listPods(namespace: string, selector: Readonly<Record<string, string>>): Promise<readonly Pod[]>;
};

export async function admitIntercept(
  request: AdmissionRequest,
  { reader, nowMs }: { reader: InterceptReader; nowMs: number },
): Promise<Admission> {
  const checked = checkObject(AdmittedIntercept, request.object);
  if ('problem' in checked) return refuse('SPEC_INVALID', `The Intercept is malformed: ${checked.problem}.`);
  const { metadata, spec } = checked.value;
  if (request.operation === 'UPDATE') return admitUpdate(request, checked.value);

  const nameProblem = findNameProblem(metadata.name);
  if (nameProblem !== undefined) return refuse('NAME_INVALID', nameProblem);
  if (spec.expiresAt !== undefined && Date.parse(spec.expiresAt) <= nowMs) return refusePast(spec.expiresAt, nowMs);
  const headerProblem = findHeaderProblem(spec);
  if (headerProblem !== undefined) return refuse('SPEC_INVALID', headerProblem);
  const user = request.userInfo.username;
  const candidate = { namespace: request.namespace ?? '', name: metadata.name ?? '', owner: user, spec };
  // All at a time: somebody waits, and what one of them says seldom makes another one needless.
  const [session, others, services] = await Promise.all([
    reader.readSession(spec.session),
    reader.listIntercepts(candidate.namespace),
    reader.listServices(candidate.namespace),
  ]);
  if (session?.spec.owner !== user) return refuseSession(spec.session, session);
  const listPods = (selector: Readonly<Record<string, string>>) => reader.listPods(candidate.namespace, selector);
  const conflict = await findConflict(candidate, { others, services, nowMs, listPods });
  if (conflict !== undefined) return refuse('INTERCEPT_CONFLICT', conflict);
  return { outcome: 'allowed', object: stamp(checked.value, user) };
}

function findHeaderProblem({ match: { headers } }: InterceptSpec): string | undefined {
  for (const { name } of headers) {
    const why = whyNotMatchable(name);
    if (why !== undefined) return `Header ${name} can't be matched: ${why}.\nChoose one of your own, such as x-dev`;
  }
  return undefined;
}

type Admitted = { metadata: { labels?: Record<string, string> }; spec: InterceptSpec };

function stamp(intercept: Admitted, owner: string | undefined): object {
  const { metadata, spec } = intercept;
  return {
    ...intercept,
    metadata: { ...metadata, labels: { ...metadata.labels, [SESSION_LABEL]: spec.session } },
    spec: owner === undefined ? spec : { ...spec, owner },
  };
}

/** Who updates may be an administrator or a controller: the owner stays, and so does everything that hangs on it. */
function admitUpdate(request: AdmissionRequest, after: Admitted): Admission {
  const before = checkObject(AdmittedIntercept, request.oldObject);
  const owner = 'value' in before ? before.value.spec.owner : undefined;
  if (after.spec.owner !== undefined && after.spec.owner !== owner) {
    return refuse(
      'OWNER_CHANGED',
      `The Intercept belongs to ${owner ?? 'nobody'}; that can't be changed.\nCreate another one.`,
    );
  }
  return { outcome: 'allowed', object: stamp(after, owner) };
}

function refuseSession(name: string, session: Session | undefined): Admission {
  if (session === undefined) {
    return refuse(
      'SESSION_UNKNOWN',
      `Session ${name} does not exist; it may have ended.\nGet a new one: kubectl tp quit, then repeat the command`,
    );
  }
  return refuse(
    'SESSION_FOREIGN',
    `Session ${name} belongs to ${session.spec.owner ?? 'somebody else'}.\nUse your own: kubectl tp intercept makes one`,
  );
}

function refusePast(expiresAt: string, nowMs: number): Admission {
  const now = new Date(nowMs).toISOString();
  return refuse(
    'EXPIRY_PAST',
    `spec.expiresAt ${expiresAt} is not in the future; it is ${now} here.\nChoose a later time, or leave it out`,
  );
}
