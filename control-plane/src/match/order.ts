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

/** Older first; the API server's times have whole seconds, so the name decides between equals. */
export function compareSeniority(a: OrderedIntercept, b: OrderedIntercept): number {
  return compareText(a.createdAt, b.createdAt) || compareText(a.id, b.id);
}

/**
 * More conditions first, then seniority. Intercepts of one port never overlap, so no request depends on this; it makes
 * routes the same whatever order the objects came in, and gives a winner should an overlap ever slip through.
 */
export function comparePrecedence(a: OrderedIntercept, b: OrderedIntercept): number {
  return b.match.headers.length - a.match.headers.length || compareSeniority(a, b);
}
