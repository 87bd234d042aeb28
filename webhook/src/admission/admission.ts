// What comes of an object of ours: it passes (perhaps changed), or it is refused with a text for people.

import type { ErrorCode } from '../errors.ts';
import {
  type AdmissionRequest,
  type AdmissionReviewAnswer,
  buildAllowed,
  buildRefused,
  type Refusal,
} from './review.ts';

export type Admission =
  | { readonly outcome: 'allowed'; readonly object: unknown }
  | { readonly outcome: 'refused'; readonly error: ErrorCode; readonly message: string };

/** `message`: what happened; on a line of its own what to do. */
export function refuse(error: ErrorCode, message: string): Admission {
  return { outcome: 'refused', error, message };
}

export function buildAnswer(request: AdmissionRequest, admission: Admission): AdmissionReviewAnswer {
  if (admission.outcome === 'allowed') return buildAllowed(request, { after: admission.object });
  const { error, message } = admission;
  return buildRefused(request, { ...(STATUS[error] ?? INVALID), message: `${message} (${error})` });
}

type Status = Omit<Refusal, 'message'>;
const FORBIDDEN: Status = { code: 403, reason: 'Forbidden' };
const CONFLICT: Status = { code: 409, reason: 'Conflict' };
const INVALID: Status = { code: 422, reason: 'Invalid' };

/** How errors look to clients of the API server; all others are INVALID. */
const STATUS: Partial<Record<ErrorCode, Status>> = {
  SESSION_UNKNOWN: FORBIDDEN,
  SESSION_FOREIGN: FORBIDDEN,
  OWNER_CHANGED: FORBIDDEN,
  INTERCEPT_CONFLICT: CONFLICT,
};
