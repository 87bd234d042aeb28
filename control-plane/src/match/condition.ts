// What one intercept asks of a request, as a list of conditions of which all must hold. Every kind of condition has to
// stay decidable: for any two it must be known whether one request can meet both (regular expressions are not).

import type { HeaderMatch, RequestMatch } from '../api/index.ts';

/** One thing a request must have. Other kinds (prefix, present, path, method) join as members of this union. */
export type MatchCondition = HeaderEquals;

export type HeaderEquals = { readonly kind: 'header-equals' } & Readonly<HeaderMatch>;

/** A request as far as conditions look at it. Names of headers in lower case. */
export type RequestShape = { readonly headers: readonly Readonly<HeaderMatch>[] };

/** The conditions of an intercept in the order of their subjects; an empty list is met by every request. */
export function buildConditions(match: RequestMatch): readonly MatchCondition[] {
  return match.headers
    .map(({ name, value }) => ({ kind: 'header-equals' as const, name, value }))
    .toSorted((a, b) => compareText(a.name, b.name) || compareText(a.value, b.value));
}

export function isWholePort(match: RequestMatch): boolean {
  return match.headers.length === 0;
}

/** By code units: the same order in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
