// One resource type on one delta stream: what the agent asked for, what it holds, what is under way to it. Pure; the
// order between types is delta-stream.ts's business.

import type { Resource } from '../resource-set.ts';

/** The agent was sent or has refused a version, so which one it holds will only be known with its next answer. */
const IN_DOUBT = '';

export type Subscription = {
  /** The agent has sent a request of this type on this stream. */
  readonly asked: boolean;
  /** All resources of the type, whatever their names. */
  readonly wildcard: boolean;
  readonly names: ReadonlySet<string>;
  /** Versions by name; IN_DOUBT where the agent holds some version or none. */
  readonly held: ReadonlyMap<string, string>;
  /** Names to answer even if the agent seems to hold the newest version. */
  readonly due: ReadonlySet<string>;
  /** At most one response at a time: a slow agent delays nobody, and its next response has the newest of everything. */
  readonly underWay: Changes | undefined;
  /** Versions the agent refused; the same bytes are not sent to it again on this stream. */
  readonly refused: ReadonlyMap<string, string>;
  /** Names in a refused response with several: each is sent alone next, which shows the culprit and lets the rest in. */
  readonly suspects: ReadonlySet<string>;
  /** Owes the agent a first response even if it is empty, so that it doesn't wait for resources that don't exist. */
  readonly greetingDue: boolean;
};

export type Changes = { readonly resources: readonly Resource[]; readonly removed: readonly string[] };
export type Resources = ReadonlyMap<string, Resource>;

export const NO_SUBSCRIPTION: Subscription = {
  asked: false,
  wildcard: false,
  names: new Set(),
  held: new Map(),
  due: new Set(),
  underWay: undefined,
  refused: new Map(),
  suspects: new Set(),
  greetingDue: false,
};

/** Additions and removals wait for other types, see delta-stream.ts; asked only when there are some. */
export type Gates = { readonly mayAdd: () => boolean; readonly mayRemove: () => boolean };

/** What is to be sent now, or undefined. */
export function nextChanges(subscription: Subscription, resources: Resources, gates: Gates): Changes | undefined {
  if (!subscription.asked || subscription.underWay !== undefined) return undefined;
  const { added, gone, missed } = compare(subscription, resources);
  const changes = {
    resources: added.length > 0 && gates.mayAdd() ? added : [],
    // Who asks for what doesn't exist hears so at once: a cluster may wait for it that has to go first.
    removed: gone.length > 0 && gates.mayRemove() ? sortedUnion(gone, missed) : missed,
  };
  const names = namesIn(changes);
  const suspect = names.find((name) => subscription.suspects.has(name));
  if (suspect !== undefined) return only(suspect, changes);
  return names.length > 0 || (subscription.greetingDue && gates.mayAdd()) ? changes : undefined;
}

/** What an agent's subscription lacks of the resources that it should have, and has beyond them. */
type Comparison = {
  readonly added: readonly Resource[];
  readonly gone: readonly string[];
  /** Asked for, and not there. */
  readonly missed: readonly string[];
  readonly holds: Readonly<Record<Which, boolean>>;
};

/**
 * Of each subscription the last one: a message concerns one type, the four others are as they were. Neither subscriptions
 * nor resources change once they are made.
 */
const comparisons = new WeakMap<Subscription, { readonly resources: Resources; readonly comparison: Comparison }>();

function compare(subscription: Subscription, resources: Resources): Comparison {
  const known = comparisons.get(subscription);
  if (known?.resources === resources) return known.comparison;
  const { held, due } = subscription;
  const lacking: Resource[] = [];
  const added: Resource[] = [];
  for (const resource of resources.values()) {
    const isHeld = held.get(resource.name) === resource.version;
    if (!isHeld) lacking.push(resource);
    if ((!isHeld || due.has(resource.name)) && isWelcome(subscription, resource)) added.push(resource);
  }
  const isMissing = (name: string) => !resources.has(name);
  const comparison = {
    added,
    gone: [...held.keys()].filter(isMissing),
    missed: [...due].filter(isMissing).sort(),
    holds: { all: lacking.length === 0, asked: !lacking.some(({ name }) => isWanted(subscription, name)) },
  };
  // One that was never asked for is the same for all agents, and would keep what one of them had.
  if (subscription.asked) comparisons.set(subscription, { resources, comparison });
  return comparison;
}

export function afterSending(subscription: Subscription, changes: Changes): Subscription {
  const names = namesIn(changes);
  const held = new Map(subscription.held);
  for (const name of names) held.set(name, IN_DOUBT);
  const due = without(subscription.due, names);
  return { ...subscription, held, due, underWay: changes, greetingDue: false };
}

export function afterAcknowledgement(subscription: Subscription, { resources, removed }: Changes): Subscription {
  const held = new Map(subscription.held);
  for (const { name, version } of resources) {
    // A name the agent has unsubscribed meanwhile is no longer in `held` and stays out.
    if (held.has(name)) held.set(name, version);
  }
  for (const name of removed) held.delete(name);
  const refused = cured(subscription.refused, resources);
  const suspects = without(subscription.suspects, namesIn({ resources, removed }));
  return { ...subscription, held, refused, suspects, underWay: undefined };
}

/** A refused response with one name in it has found its culprit; one with several makes suspects of all. */
export function afterRefusal(subscription: Subscription, changes: Changes): Subscription {
  const names = namesIn(changes);
  if (names.length > 1) {
    return { ...subscription, suspects: new Set([...subscription.suspects, ...names]), underWay: undefined };
  }
  const refused = new Map(subscription.refused);
  for (const { name, version } of changes.resources) refused.set(name, version);
  const held = new Map(subscription.held);
  // An agent that refuses to remove something can't be made to: asking again would go on for ever.
  for (const name of changes.removed) held.delete(name);
  return { ...subscription, held, refused, suspects: without(subscription.suspects, names), underWay: undefined };
}

/** Answers for those of `names` that the agent has asked for once more. */
export function resend(subscription: Subscription, names: Iterable<string>): Subscription {
  const wanted = [...names].filter((name) => isWanted(subscription, name));
  if (wanted.length === 0) return subscription;
  return { ...subscription, due: new Set([...subscription.due, ...wanted]) };
}

export type Which = 'all' | 'asked';

/** The agent holds the newest version of every resource, or of each it has asked for. */
export function holdsAll(subscription: Subscription, resources: Resources, which: Which): boolean {
  return compare(subscription, resources).holds[which];
}

/** The agent holds the newest version of every resource, or has refused it. */
export function hasAnswered({ held, refused }: Subscription, resources: Resources): boolean {
  return [...resources.values()].every(
    ({ name, version }) => held.get(name) === version || refused.get(name) === version,
  );
}

/** The agent holds these resources and no other, and nothing is under way to it. */
export function holdsExactly(subscription: Subscription, resources: Resources, which: Which): boolean {
  return (
    subscription.underWay === undefined &&
    holdsAll(subscription, resources, which) &&
    compare(subscription, resources).gone.length === 0
  );
}

/** In whatever role: an agent must not fill our memory by any of them. */
export function countNames({ names, held, due, refused, suspects }: Subscription): number {
  return names.size + held.size + due.size + refused.size + suspects.size;
}

export function isWanted({ wildcard, names }: Subscription, name: string): boolean {
  return wildcard || names.has(name);
}

export function namesIn({ resources, removed }: Changes): string[] {
  return [...resources.map(({ name }) => name), ...removed];
}

/** Asked for, and not refused. */
function isWelcome(subscription: Subscription, { name, version }: Resource): boolean {
  return isWanted(subscription, name) && subscription.refused.get(name) !== version;
}

function sortedUnion(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort();
}

function only(name: string, { resources, removed }: Changes): Changes {
  return {
    resources: resources.filter((resource) => resource.name === name),
    removed: removed.filter((other) => other === name),
  };
}

function cured(refused: Subscription['refused'], resources: readonly Resource[]): Subscription['refused'] {
  if (refused.size === 0) return refused;
  const rest = new Map(refused);
  for (const { name } of resources) rest.delete(name);
  return rest;
}

function without(names: ReadonlySet<string>, gone: readonly string[]): ReadonlySet<string> {
  if (names.size === 0) return names;
  const rest = new Set(names);
  for (const name of gone) rest.delete(name);
  return rest;
}
