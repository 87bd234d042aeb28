// All Envoy resources of one node, encoded, sorted and versioned by their content: what the translator makes, the
// cache keeps and the server sends. Knows nothing of what the resources say.

import { createHash } from 'node:crypto';
import { XdsError } from './errors.ts';

/** Type URLs of everything an agent may ask for. */
export const TYPE_URLS = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
} as const;

export type ResourceType = keyof typeof TYPE_URLS;

/** In the order in which new resources must reach an agent: what is referred to comes before what refers to it. */
export const RESOURCE_TYPES: readonly ResourceType[] = ['cluster', 'endpoint', 'secret', 'listener', 'route'];

export type Resource = {
  readonly name: string;
  /** A hash of `value`, so equal bytes have equal versions in every process. */
  readonly version: string;
  readonly value: Uint8Array;
  /** Names of the endpoints that an agent needs again when it gets this cluster. */
  readonly endpoints?: readonly string[];
};

/** Per type the resources by name, in order of their names. Never changed once made. */
export type ResourceSet = Readonly<Record<ResourceType, ReadonlyMap<string, Resource>>>;

/** One encoded resource, before it has a version. */
export type EncodedResource = Omit<Resource, 'version'> & { readonly type: ResourceType };

/**
 * Makes a set. The order of the input doesn't matter; two resources of one type and name throw XDS_DUPLICATE_RESOURCE.
 *
 * The server takes it for granted that something in the set refers to each endpoint in it: an agent asks for what it
 * finds referred to and never for the rest, so a set with more than that would never count as acknowledged.
 */
export function createResourceSet(resources: Iterable<EncodedResource>): ResourceSet {
  const byType = { cluster: new Map(), endpoint: new Map(), secret: new Map(), listener: new Map(), route: new Map() };
  for (const encoded of [...resources].sort(byName)) {
    const { type, name } = encoded;
    const known: Map<string, Resource> = byType[type];
    if (known.has(name))
      throw new XdsError('XDS_DUPLICATE_RESOURCE', `two resources of type ${type} are named ${name}`);
    known.set(name, toResource(encoded));
  }
  return byType;
}

/** Hashed once, in however many sets they are. */
const resourceOf = new WeakMap<EncodedResource, Resource>();

function toResource(encoded: EncodedResource): Resource {
  const known = resourceOf.get(encoded);
  if (known !== undefined) return known;
  const { type: _, ...rest } = encoded;
  const resource = { ...rest, version: hash(rest.value) };
  resourceOf.set(encoded, resource);
  return resource;
}

/** Whether the same resources are in both, in the same versions. */
export function isSameSet(a: ResourceSet, b: ResourceSet): boolean {
  return RESOURCE_TYPES.every((type) => isSameOfType(a[type], b[type]));
}

/** The same for the resources of one type. */
export function isSameOfType(a: ReadonlyMap<string, Resource>, b: ReadonlyMap<string, Resource>): boolean {
  if (a.size !== b.size) return false;
  for (const { name, version } of a.values()) if (b.get(name)?.version !== version) return false;
  return true;
}

export function resourceTypeOf(typeUrl: string): ResourceType | undefined {
  return RESOURCE_TYPES.find((type) => TYPE_URLS[type] === typeUrl);
}

function byName(a: EncodedResource, b: EncodedResource): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** 80 bits: short on the wire, and no two contents of one name will ever meet. */
function hash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 20);
}
