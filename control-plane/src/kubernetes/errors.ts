// What can go wrong between us and the API server, as one error that carries the API's own Status.

import { ControlPlaneError } from '../errors.ts';

type KubernetesErrorCode =
  | 'KUBERNETES_CREDENTIALS'
  | 'KUBERNETES_REFUSED'
  | 'KUBERNETES_UNREACHABLE'
  | 'KUBERNETES_ANSWER_INVALID';

/** The part of `meta/v1 Status` that is read. */
export type ApiStatus = {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number; readonly kind?: string; readonly name?: string };
};

export class KubernetesError extends ControlPlaneError {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The API's reason, such as `NotFound` or `AlreadyExists`; `Unknown` where it gave none. */
  readonly reason: string;
  readonly details: ApiStatus['details'];

  constructor(
    code: KubernetesErrorCode,
    message: string,
    options: { status?: number; reason?: string; details?: ApiStatus['details']; hint?: string; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.name = 'KubernetesError';
    this.status = options.status ?? 0;
    this.reason = options.reason ?? 'Unknown';
    this.details = options.details;
  }
}

/** The error for an answer of 400 or more; `body` is the API's Status where it sent one, a proxy's page otherwise. */
export function fromAnswer(status: number, body: string): KubernetesError {
  const answer = parseStatus(body);
  const message = answer?.message ?? `The API server answered ${status}: ${body.slice(0, 200)}`;
  return fromStatus({ ...answer, code: status, message });
}

/** The error for a Status object, also one that arrives in a watch. */
export function fromStatus(status: ApiStatus): KubernetesError {
  return new KubernetesError('KUBERNETES_REFUSED', status.message ?? `The API server answered ${status.code}.`, {
    status: status.code ?? 0,
    ...(status.reason ? { reason: status.reason } : {}),
    details: status.details,
  });
}

export function fromNetworkError(error: unknown, server: string): KubernetesError {
  const detail = error instanceof Error ? error.message : String(error);
  return new KubernetesError('KUBERNETES_UNREACHABLE', `The API server ${server} does not answer: ${detail}`, {
    hint: 'Check that the cluster is up and reachable: kubectl version',
    cause: error,
  });
}

export function isNotFound(error: unknown): boolean {
  return hasStatus(error, 404);
}

/** The object changed in between, or exists already. */
export function isConflict(error: unknown): boolean {
  return hasStatus(error, 409);
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof KubernetesError && error.reason === 'AlreadyExists';
}

export function isForbidden(error: unknown): boolean {
  return hasStatus(error, 403);
}

/** The resource version is too old to watch from. */
export function isExpired(error: unknown): boolean {
  return hasStatus(error, 410);
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof KubernetesError && error.code === 'KUBERNETES_UNREACHABLE';
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof KubernetesError && error.status === status;
}

function parseStatus(body: string): ApiStatus | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined; // not JSON: a proxy's page or plain text
  }
}

function isStatus(value: unknown): value is ApiStatus {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}
