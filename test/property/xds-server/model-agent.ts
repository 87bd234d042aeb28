// A small Envoy: holds resources, asks for what they refer to, warms clusters, and holds the ACK of clusters back until
// they are warm. Resource values are JSON that says what they refer to.

import type { Resource, ResourceType } from '../../../xds/src/resource-set.ts';
import type { StreamRequest, StreamResponse } from '../../../xds/src/server/delta-stream.ts';

type Held = Map<string, { version: string; value: Value }>;
/** A cluster names its endpoint, a listener its route, a route its clusters. `bad`: the agent refuses it. */
export type Value = { endpoint?: string; route?: string; clusters?: string[]; generation?: number; bad?: boolean };

export class ModelAgent {
  readonly held: Record<ResourceType, Held> = {
    cluster: new Map(),
    endpoint: new Map(),
    secret: new Map(),
    listener: new Map(),
    route: new Map(),
  };
  /** Requests on their way to the server. */
  outbox: StreamRequest[] = [];
  readonly #asked: Record<'endpoint' | 'route', Set<string>> = { endpoint: new Set(), route: new Set() };
  readonly #warming = new Set<string>();
  #heldBackAck: StreamRequest | undefined;

  /** Begins a stream: everything on the old one is lost. */
  connect(): void {
    this.#heldBackAck = undefined;
    this.outbox = [];
    for (const type of ['cluster', 'endpoint', 'listener', 'route'] as const) {
      const names = type === 'endpoint' || type === 'route' ? [...this.#asked[type]] : [];
      const versions = [...this.held[type]].map(([name, { version }]) => [name, version] as const);
      this.outbox.push(request(type, { subscribe: names, initialVersions: Object.fromEntries(versions) }));
    }
  }

  apply(response: StreamResponse): void {
    const refused = response.resources.filter((resource) => parse(resource).bad === true);
    for (const resource of response.resources) if (!refused.includes(resource)) this.#add(response.type, resource);
    for (const name of response.removed) this.#remove(response.type, name);
    this.#answer(response, refused.length > 0 ? `bad: ${refused.map(({ name }) => name)}` : undefined);
    this.#ask('endpoint', this.#namesReferredTo('cluster', 'endpoint'));
    this.#ask('route', this.#namesReferredTo('listener', 'route'));
    this.#releaseAck();
  }

  /** Clusters that a route names and that the agent does not hold. */
  missingClusters(): string[] {
    const named = [...this.held.route.values()].flatMap(({ value }) => value.clusters ?? []);
    return named.filter((name) => !this.held.cluster.has(name));
  }

  get isWarm(): boolean {
    return this.#warming.size === 0;
  }

  #add(type: ResourceType, resource: Resource): void {
    // Sent before the server heard that nothing here wants it any more.
    if ((type === 'endpoint' || type === 'route') && !this.#asked[type].has(resource.name)) return;
    const value = parse(resource);
    const isChanged = this.held[type].get(resource.name)?.version !== resource.version;
    this.held[type].set(resource.name, { version: resource.version, value });
    if (type === 'cluster' && isChanged) {
      if (value.endpoint === undefined) this.#warming.delete(resource.name);
      else this.#warming.add(resource.name);
    }
    if (type === 'endpoint') this.#warm(resource.name);
  }

  #remove(type: ResourceType, name: string): void {
    if (type === 'endpoint') this.#warm(name);
    // Envoy keeps the last routes of a listener that still wants them.
    if (type === 'route' && this.#asked.route.has(name)) return;
    this.held[type].delete(name);
    if (type === 'cluster') this.#warming.delete(name);
  }

  #warm(endpoint: string): void {
    for (const name of [...this.#warming]) {
      if (this.held.cluster.get(name)?.value.endpoint === endpoint) this.#warming.delete(name);
    }
  }

  #answer({ type, nonce }: StreamResponse, refusal: string | undefined): void {
    const answer = request(type, { nonce, refusal });
    if (type === 'cluster') this.#heldBackAck = answer;
    else this.outbox.push(answer);
  }

  #releaseAck(): void {
    if (this.#heldBackAck === undefined || !this.isWarm) return;
    this.outbox.push(this.#heldBackAck);
    this.#heldBackAck = undefined;
  }

  #namesReferredTo(type: ResourceType, field: 'endpoint' | 'route'): Set<string> {
    return new Set([...this.held[type].values()].flatMap(({ value }) => value[field] ?? []));
  }

  /** Asks only for names that it has not asked for before, as Envoy does. */
  #ask(type: 'endpoint' | 'route', names: ReadonlySet<string>): void {
    const asked = this.#asked[type];
    const subscribe = [...names].filter((name) => !asked.has(name));
    const unsubscribe = [...asked].filter((name) => !names.has(name));
    for (const name of subscribe) asked.add(name);
    for (const name of unsubscribe) {
      asked.delete(name);
      this.held[type].delete(name);
    }
    if (subscribe.length + unsubscribe.length > 0) this.outbox.push(request(type, { subscribe, unsubscribe }));
  }
}

export function request(type: ResourceType, fields: Partial<StreamRequest> = {}): StreamRequest {
  return { type, subscribe: [], unsubscribe: [], initialVersions: {}, nonce: '', refusal: undefined, ...fields };
}

function parse({ value }: Resource): Value {
  return JSON.parse(new TextDecoder().decode(value));
}
