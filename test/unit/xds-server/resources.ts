// Short words for sets of resources whose content doesn't matter.

import {
  createResourceSet,
  RESOURCE_TYPES,
  type ResourceSet,
  type ResourceType,
} from '../../../xds/src/resource-set.ts';

/**
 * `{ cluster: { a: 1 } }`: a cluster `a` with content `1`; another content is another version. A cluster `a-of-e` needs
 * endpoint `e`, and any cluster the endpoint of its own name if there is one.
 */
export type Contents = Partial<Record<ResourceType, Record<string, string | number>>>;

export function resourceSet(contents: Contents): ResourceSet {
  return createResourceSet(
    RESOURCE_TYPES.flatMap((type) =>
      Object.entries(contents[type] ?? {}).map(([name, content]) => ({
        type,
        name,
        value: new TextEncoder().encode(String(content)),
        endpoints: type === 'cluster' ? endpointsOf(name, contents) : [],
      })),
    ),
  );
}

function endpointsOf(cluster: string, { endpoint = {} }: Contents): string[] {
  return [...cluster.split('-of-').slice(1), ...(cluster in endpoint ? [cluster] : [])];
}
