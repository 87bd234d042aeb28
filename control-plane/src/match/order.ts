// The two orders of intercepts: who was first (and so keeps its requests), and in which order an agent tries them.

import type { RequestMatch } from '../api/index.ts';
import { compareText } from './condition.ts';

export type OrderedIntercept = {
  /** `<namespace>/<name>`. */
  readonly id: string;
  /** RFC 3339 in UTC, as the API server writes it. */
  readonly createdAt: string;
  readonly match: RequestMatch;
};

/** `isAccepted`: its status says that it was accepted as it is. */
export type CandidateIntercept = OrderedIntercept & { readonly isAccepted: boolean };

/**
 * Older first. The API server's times have whole seconds: between equals the one that has been accepted already keeps
 * its requests, so that nobody can take them by a well chosen name; else the name decides.
 */
export function compareSeniority(a: CandidateIntercept, b: CandidateIntercept): number {
  return (
    compareText(a.createdAt, b.createdAt) || Number(b.isAccepted) - Number(a.isAccepted) || compareText(a.id, b.id)
  );
}

/**
 * More conditions first, then age, then name. Intercepts of one port never overlap, so no request depends on this; it
 * makes routes the same whatever order the objects came in, and whatever their status says at the moment.
 */
export function comparePrecedence(a: OrderedIntercept, b: OrderedIntercept): number {
  return (
    b.match.headers.length - a.match.headers.length || compareText(a.createdAt, b.createdAt) || compareText(a.id, b.id)
  );
}
