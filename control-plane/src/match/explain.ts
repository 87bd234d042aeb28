// Sentences for people about matches and conflicts: in status, refusals of the webhook and the CLI's output.

import type { InterceptSpec, InterceptTarget, RequestMatch } from '../api/index.ts';
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

/** A target as people type it: `orders`, `deployment/orders`. */
export function describeTarget({ kind, name }: Pick<InterceptTarget, 'kind' | 'name'>): string {
  return kind === 'Service' ? name : `${kind.toLowerCase()}/${name}`;
}

/** What a conflict is told from. */
export type Claim = Pick<InterceptSpec, 'session' | 'match' | 'target'> & { readonly owner?: string | undefined };
export type OtherIntercept = Claim & { readonly namespace: string; readonly name: string };

/** Why an intercept is refused beside another one, with the request both would get; on a line of its own what to do. */
export function explainConflict(mine: Omit<Claim, 'target'>, other: OtherIntercept, example: RequestShape): string {
  const { holder, remedy } = explainHolder(mine, other);
  const both = `both would get ${explainExample(example)}`;
  if (isWholePort(other.match)) return `${holder} takes every request of this port (${both}).\nWait, or ${remedy}`;
  if (isWholePort(mine.match)) {
    // A hole in what says "every request" would be found by nobody, so the two exclude each other.
    return `${holder} has the requests with ${explainMatch(other.match)}, so this one can't take every request of the port (${both}).\nChoose a header, or ${remedy}`;
  }
  return `${holder} has the requests with ${explainMatch(other.match)} (${both}).\nChoose another value of one header, or ${remedy}`;
}

/** Whose the other one is, and who ends it how: a laptop knows the intercepts of its own session only. */
function explainHolder(mine: Omit<Claim, 'target'>, other: OtherIntercept): { holder: string; remedy: string } {
  const { namespace, name, owner = 'an unknown user' } = other;
  const id = `${namespace}/${name}`;
  const deletion = `end it: kubectl -n ${namespace} delete intercept ${name}`;
  if (mine.session === other.session) {
    const leaving = `end it: kubectl tp leave ${describeTarget(other.target)} -n ${namespace}`;
    return { holder: `Your own intercept ${id}`, remedy: leaving };
  }
  if (mine.owner !== undefined && mine.owner === other.owner) {
    return { holder: `Your own intercept ${id} of another session`, remedy: deletion };
  }
  return { holder: `Intercept ${id} of ${owner}`, remedy: `ask ${owner} to ${deletion}` };
}

function explainExample({ headers }: RequestShape): string {
  return headers.length === 0 ? 'any request' : `a request with ${explainMatch({ headers: [...headers] })}`;
}
