// Which names an agent asks for: how a request changes a subscription. Pure.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return

import type { ResourceType } from '../resource-set.ts';
import { isWanted, type Subscription } from './subscription.ts';

const WILDCARD = '*';
/** For these a first request without names asks for everything; for others it asks for nothing yet. */
const WILDCARD_TYPES: ReadonlySet<ResourceType> = new Set(['cluster', 'listener']);
/**
 * An agent that comes back on a new stream is not sent again what it holds of these. Endpoints it is: if the old stream
 * broke between a changed cluster and the endpoints it waits for, the agent has no way to say that it still waits.
 */
const RESUMED_TYPES: ReadonlySet<ResourceType> = new Set(['cluster', 'secret', 'listener', 'route']);

export type NamesRequest = {
  readonly type: ResourceType;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** With the first request of a type: what the agent holds from an earlier stream. */
  readonly initialVersions: Readonly<Record<string, string>>;
};

export function afterNamesRequest(subscription: Subscription, request: NamesRequest): Subscription {
  if (subscription.asked && request.subscribe.length + request.unsubscribe.length === 0) return subscription;
  const isResumed = !subscription.asked && RESUMED_TYPES.has(request.type);
  const begun = subscription.asked ? subscription : begin(subscription, request);
  const known = new Set(isResumed ? begun.held.keys() : []);
  return dropUnwanted(unsubscribe(subscribe(begun, request.subscribe, known), request.unsubscribe));
}

function begin(subscription: Subscription, { type, subscribe, initialVersions }: NamesRequest): Subscription {
  const wildcard = WILDCARD_TYPES.has(type) && subscribe.length === 0;
  const held = new Map(Object.entries(initialVersions));
  return { ...subscription, asked: true, wildcard, held, greetingDue: wildcard && held.size === 0 };
}

/**
 * An agent that asks for a name again has lost the resource, so it is sent even if it seems to be held; not so those
 * that it says it holds (`known`) when it comes back on a new stream.
 */
function subscribe(subscription: Subscription, asked: readonly string[], known: ReadonlySet<string>): Subscription {
  const names = asked.filter((name) => name !== WILDCARD);
  const wildcard = subscription.wildcard || asked.includes(WILDCARD);
  return {
    ...subscription,
    wildcard,
    names: new Set([...subscription.names, ...names]),
    due: new Set([...subscription.due, ...names.filter((name) => !known.has(name))]),
    greetingDue: subscription.greetingDue || (asked.includes(WILDCARD) && subscription.held.size === 0),
  };
}

/** A name that the wildcard still covers is due again: the agent may have dropped it. */
function unsubscribe(subscription: Subscription, given: readonly string[]): Subscription {
  const names = new Set(subscription.names);
  const due = new Set(subscription.due);
  const wildcard = subscription.wildcard && !given.includes(WILDCARD);
  for (const name of given.filter((each) => each !== WILDCARD)) {
    names.delete(name);
    due[wildcard ? 'add' : 'delete'](name);
  }
  return { ...subscription, wildcard, names, due };
}

function dropUnwanted(subscription: Subscription): Subscription {
  const wanted = [...subscription.held].filter(([name]) => isWanted(subscription, name));
  return { ...subscription, held: new Map(wanted) };
}
