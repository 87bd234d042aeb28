// Builds the Intercept object. Its name follows from what it claims, so that the same command twice is one intercept.

import { createHash } from 'node:crypto';
import {
  API_VERSION,
  type Intercept,
  type InterceptSpec,
  SESSION_LABEL,
  type TargetKind,
} from '@kubectl-tp/control-plane/api';
import type { InterceptRequest } from '../../ipc/intercept-messages.ts';
import type { Target } from '../../kubernetes/target.ts';

type NewIntercept = {
  readonly request: InterceptRequest;
  readonly target: Target;
  readonly laptopPort: number;
  readonly session: string;
  readonly nowMs: number;
};

export function buildIntercept({ request, target, laptopPort, session, nowMs }: NewIntercept): Intercept {
  const spec: InterceptSpec = {
    session,
    action: 'Redirect',
    target: { kind: target.kind, name: target.name, port: target.port },
    match: { headers: request.headers.map(({ name, value }) => ({ name, value })) },
    laptop: { port: laptopPort },
    fallback: request.fallback,
    ...(request.ttlMs === undefined ? {} : { expiresAt: new Date(nowMs + request.ttlMs).toISOString() }),
  };
  return buildObject(request.namespace, spec);
}

type NewExit = {
  readonly namespace: string;
  readonly target: { readonly kind: TargetKind; readonly name: string };
  readonly session: string;
};

/** Asks that connections of the laptop may leave from the target's pods. */
export function buildExit({ namespace, target: { kind, name }, session }: NewExit): Intercept {
  return buildObject(namespace, {
    session,
    action: 'Exit',
    target: { kind, name },
    match: { headers: [] },
    fallback: 'Fail',
  });
}

function buildObject(namespace: string, spec: InterceptSpec): Intercept {
  return {
    apiVersion: API_VERSION,
    kind: 'Intercept',
    metadata: { name: interceptName(spec), namespace, labels: { [SESSION_LABEL]: spec.session } },
    spec,
  };
}

/** What may change while the intercept lives, as a merge patch; `expiresAt: null` takes an end away. */
export function buildUpdate({ spec }: Intercept): object {
  const { laptop, fallback, expiresAt } = spec;
  return { spec: { laptop, fallback, expiresAt: expiresAt ?? null } };
}

/** Whether an update would change nothing. */
export function isSameWish(a: Intercept, b: Intercept): boolean {
  return (
    a.spec.laptop?.port === b.spec.laptop?.port &&
    a.spec.fallback === b.spec.fallback &&
    a.spec.expiresAt === b.spec.expiresAt
  );
}

/** A label of a DNS name: agents put it in the server name of their connections. */
function interceptName({ session, target, match, action }: InterceptSpec): string {
  const claim = JSON.stringify([session, target, match, ...(action === 'Exit' ? [action] : [])]);
  const hash = createHash('sha256').update(claim).digest('hex').slice(0, 8);
  const readable = target.name
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 50)
    .replaceAll(/^-+|-+$/g, '');
  return `${readable || 'intercept'}-${hash}`;
}
