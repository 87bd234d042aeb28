// The state machine of one agent's delta ADS stream: a request or a snapshot in; the next state, responses and facts
// out. Pure. What each type owes the agent is subscription.ts's business; here is the order between types:
//   new resources go out as clusters, endpoints, secrets, then listeners, routes once all clusters are answered;
//   removals go the other way, so that no route on the agent ever names a cluster that the agent doesn't hold.

import type { Snapshot } from '../cache/snapshot-cache.ts';
import { RESOURCE_TYPES, type Resource, type ResourceSet, type ResourceType } from '../resource-set.ts';
import { afterNamesRequest, type NamesRequest } from './subscribe.ts';
import type { Changes, Subscription } from './subscription.ts';
import * as subscription from './subscription.ts';

export type DeltaStream = {
  readonly subscriptions: Readonly<Record<ResourceType, Subscription>>;
  /** Undefined until somebody knows what the agent should hold: until then it keeps what it has. */
  readonly snapshot: Snapshot | undefined;
  /** How many responses were sent; the nonce of the next one follows from it. */
  readonly sent: number;
  /** Nonce of the newest response per type. */
  readonly nonces: Readonly<Partial<Record<ResourceType, string>>>;
  readonly acknowledged: string | undefined;
};

export type StreamEvent =
  | { readonly kind: 'request'; readonly request: StreamRequest }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot };

/** A DeltaDiscoveryRequest in our words. `refusal` is Envoy's text where the request is a NACK. */
export type StreamRequest = NamesRequest & { readonly nonce: string; readonly refusal: string | undefined };

export type StreamResponse = Changes & { readonly type: ResourceType; readonly nonce: string };

export type StreamFact =
  /** The agent holds everything in the snapshot with this tag. Once per tag in a row, and once more after a rejection. */
  | { readonly kind: 'acknowledged'; readonly tag: string }
  /** The agent refused these; they are not sent again until their content changes. */
  | {
      readonly kind: 'rejected';
      readonly type: ResourceType;
      readonly names: readonly string[];
      readonly message: string;
    };

export type Transition = {
  readonly stream: DeltaStream;
  readonly responses: readonly StreamResponse[];
  readonly facts: readonly StreamFact[];
};

export const NEW_STREAM: DeltaStream = {
  subscriptions: {
    cluster: subscription.NO_SUBSCRIPTION,
    endpoint: subscription.NO_SUBSCRIPTION,
    secret: subscription.NO_SUBSCRIPTION,
    listener: subscription.NO_SUBSCRIPTION,
    route: subscription.NO_SUBSCRIPTION,
  },
  snapshot: undefined,
  sent: 0,
  nonces: {},
  acknowledged: undefined,
};

export function advance(stream: DeltaStream, event: StreamEvent): Transition {
  const received = take(stream, event);
  const { stream: after, responses } = respond(received.stream);
  const settled = settle(after);
  return { stream: settled.stream, responses, facts: [...received.facts, ...settled.facts] };
}

/** How many names the agent keeps us busy with. */
export function countNames({ subscriptions }: DeltaStream): number {
  return RESOURCE_TYPES.reduce((sum, type) => sum + subscription.countNames(subscriptions[type]), 0);
}

function take(stream: DeltaStream, event: StreamEvent): { stream: DeltaStream; facts: StreamFact[] } {
  switch (event.kind) {
    case 'request':
      return receive(stream, event.request);
    case 'snapshot':
      return { stream: { ...stream, snapshot: event.snapshot }, facts: [] };
  }
}

function receive(stream: DeltaStream, request: StreamRequest): { stream: DeltaStream; facts: StreamFact[] } {
  const { state, facts } = hearAnswer(stream, request);
  // The agent may go back to what it acknowledged before: only a fact cures a rejection.
  const heard = facts.length > 0 ? { ...stream, acknowledged: undefined } : stream;
  return { stream: replace(heard, request.type, afterNamesRequest(state, request)), facts };
}

function hearAnswer(stream: DeltaStream, { type, nonce, refusal }: StreamRequest) {
  const state = stream.subscriptions[type];
  const changes = state.underWay;
  const facts: StreamFact[] = [];
  if (changes === undefined || nonce === '' || nonce !== stream.nonces[type]) return { state, facts };
  if (refusal === undefined) return { state: subscription.afterAcknowledgement(state, changes), facts };
  const names = subscription.namesIn(changes);
  if (names.length === 1) facts.push({ kind: 'rejected', type, names, message: refusal });
  return { state: subscription.afterRefusal(state, changes), facts };
}

/** One pass in the order of RESOURCE_TYPES: sending clusters closes the gate of listeners and routes behind them. */
function respond(stream: DeltaStream): { stream: DeltaStream; responses: StreamResponse[] } {
  const responses: StreamResponse[] = [];
  if (stream.snapshot === undefined) return { stream, responses };
  let next = stream;
  for (const type of RESOURCE_TYPES) {
    const changes = nextChanges(next, type, stream.snapshot);
    if (changes === undefined) continue;
    const sent = next.sent + 1;
    const nonce = String(sent);
    responses.push({ ...changes, type, nonce });
    next = replace(next, type, subscription.afterSending(next.subscriptions[type], changes));
    next = { ...next, sent, nonces: { ...next.nonces, [type]: nonce } };
    if (type === 'cluster') next = resendEndpointsOf(next, changes.resources);
  }
  return { stream: next, responses };
}

function nextChanges(stream: DeltaStream, type: ResourceType, { set }: Snapshot): Changes | undefined {
  const gates = { mayAdd: () => mayAdd(stream, type), mayRemove: () => mayRemove(stream, type) };
  return subscription.nextChanges(stream.subscriptions[type], listOffered(stream, type, set), gates);
}

/**
 * Endpoints that have a cluster's name are its alone, and stay out while that cluster is on its way: Envoy makes it
 * without endpoints at once, but with some it waits for their health checks, and keeps all that comes meanwhile waiting.
 */
function listOffered({ subscriptions }: DeltaStream, type: ResourceType, set: ResourceSet): ResourceSet[ResourceType] {
  if (type !== 'endpoint') return set[type];
  const isUnderWay = ({ name, version }: Resource) => subscriptions.cluster.held.get(name) !== version;
  const withheld = [...set.endpoint.keys()].filter((name) => {
    const cluster = set.cluster.get(name);
    return cluster !== undefined && isUnderWay(cluster);
  });
  return withheld.length === 0 ? set.endpoint : without(set.endpoint, withheld);
}

/**
 * Envoy makes a changed cluster anew and waits for its endpoints, but asks only for names that no other cluster of it
 * has asked for before; so its endpoints follow every cluster without being asked for.
 */
function resendEndpointsOf(stream: DeltaStream, clusters: readonly Resource[]): DeltaStream {
  const names = clusters.flatMap(({ endpoints = [] }) => endpoints);
  return replace(stream, 'endpoint', subscription.resend(stream.subscriptions.endpoint, names));
}

/**
 * Envoy acknowledges clusters when they are ready for use (it holds the ACK back while they warm). One that it refuses
 * will never be, and must not keep everybody else's changes from the agent.
 */
function mayAdd({ subscriptions, snapshot }: DeltaStream, type: ResourceType): boolean {
  if (type !== 'listener' && type !== 'route') return true;
  return snapshot !== undefined && subscription.hasAnswered(subscriptions.cluster, snapshot.set.cluster);
}

/** What nothing on the agent refers to any more. */
function mayRemove(stream: DeltaStream, type: ResourceType): boolean {
  switch (type) {
    case 'listener':
      return true;
    case 'route':
      return holdsExactly(stream, 'listener');
    case 'cluster':
      return holdsExactly(stream, 'listener') && holdsExactly(stream, 'route');
    case 'endpoint':
    case 'secret':
      return holdsExactly(stream, 'cluster') && holdsExactly(stream, 'listener');
  }
}

function settle(stream: DeltaStream): { stream: DeltaStream; facts: StreamFact[] } {
  const { snapshot } = stream;
  if (snapshot === undefined || snapshot.tag === stream.acknowledged || !holdsSnapshot(stream)) {
    return { stream, facts: [] };
  }
  return { stream: { ...stream, acknowledged: snapshot.tag }, facts: [{ kind: 'acknowledged', tag: snapshot.tag }] };
}

function holdsSnapshot(stream: DeltaStream): boolean {
  return RESOURCE_TYPES.every((type) => holdsAll(stream, type));
}

/**
 * What an agent need not ask for: a certificate while it has no tunnel, routes of a port on which it reads no requests.
 * It asks for a listener's routes before it acknowledges the listener.
 */
const OPTIONAL_TYPES: ReadonlySet<ResourceType> = new Set(['secret', 'route']);

function holdsAll({ subscriptions, snapshot }: DeltaStream, type: ResourceType): boolean {
  return snapshot !== undefined && subscription.holdsAll(subscriptions[type], snapshot.set[type], whichOf(type));
}

function whichOf(type: ResourceType): subscription.Which {
  return OPTIONAL_TYPES.has(type) ? 'asked' : 'all';
}

/** Of a type that was not asked for yet (a stream just resumed) an agent may still hold anything. */
function holdsExactly({ subscriptions, snapshot }: DeltaStream, type: ResourceType): boolean {
  if (snapshot === undefined) return false;
  const resources = snapshot.set[type];
  const isUnheard = !subscriptions[type].asked && (type === 'listener' || (type === 'route' && resources.size > 0));
  return !isUnheard && subscription.holdsExactly(subscriptions[type], resources, whichOf(type));
}

function replace(stream: DeltaStream, type: ResourceType, state: Subscription): DeltaStream {
  return { ...stream, subscriptions: { ...stream.subscriptions, [type]: state } };
}

function without<T>(map: ReadonlyMap<string, T>, names: readonly string[]): ReadonlyMap<string, T> {
  const rest = new Map(map);
  for (const name of names) rest.delete(name);
  return rest;
}
