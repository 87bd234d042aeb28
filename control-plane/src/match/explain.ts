// Sentences for people about matches and conflicts: in status, refusals of the webhook and the CLI's output.

import type { InterceptSpec, RequestMatch } from '../api/index.ts';
import { buildConditions, isWholePort, type RequestShape } from './condition.ts';

/** `every request`, or `x-dev: me and x-team: a`. */
export function explainMatch(match: RequestMatch): string {
  if (isWholePort(match)) return 'every request';
  return buildConditions(match)
    .map(({ name, value }) => `${name}: ${value}`)
    .join(' and ');
}

/** What an intercept is about, for tables. */
export function explainSubject({ action, match }: Pick<InterceptSpec, 'action' | 'match'>): string {
  return action === 'Exit' ? 'connections leave from here' : explainMatch(match);
}

export type OtherIntercept = {
  readonly namespace: string;
  readonly name: string;
  readonly owner: string | undefined;
  readonly match: RequestMatch;
};

/** Why an intercept is refused beside another one, with the request both would get and what to do. */
export function explainConflict(match: RequestMatch, other: OtherIntercept, example: RequestShape): string {
  const owner = other.owner ?? 'an unknown user';
  const remedy = `ask ${owner} to end it: kubectl -n ${other.namespace} delete intercept ${other.name}`;
  const both = `both would get ${explainExample(example)}`;
  const holder = `Intercept ${other.namespace}/${other.name} of ${owner}`;
  if (isWholePort(other.match)) return `${holder} takes every request of this port (${both}). Wait, or ${remedy}`;
  if (isWholePort(match)) {
    // A hole in what says "every request" would be found by nobody, so the two exclude each other.
    return `${holder} has the requests with ${explainMatch(other.match)}, so this one can't take every request of the port (${both}). Choose a header, or ${remedy}`;
  }
  return `${holder} has the requests with ${explainMatch(other.match)} (${both}). Choose another value of one header, or ${remedy}`;
}

function explainExample({ headers }: RequestShape): string {
  return headers.length === 0 ? 'any request' : `a request with ${explainMatch({ headers: [...headers] })}`;
}
