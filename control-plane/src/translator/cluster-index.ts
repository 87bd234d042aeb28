// Finds pods and Services without reading all of them for each intercept. Built once per translation; the indexes by
// label are made when first asked for.

import { isSelectedBy } from '../api/index.ts';
import { compareText } from '../match/index.ts';
import type { ClusterState, PodModel, ServiceModel } from '../state/cluster-state.ts';

type Labels = Readonly<Record<string, string>>;

export type ClusterIndex = {
  /** Pods of a namespace with all labels of the selector, by name; an empty selector selects none. */
  podsSelectedBy(namespace: string, selector: Labels): readonly PodModel[];
  podsOfWorkload(kind: string, namespace: string, name: string): readonly PodModel[];
  servicesSelecting(namespace: string, labels: Labels): readonly ServiceModel[];
};

export function buildClusterIndex(state: ClusterState): ClusterIndex {
  const podsByNamespace = Map.groupBy(state.pods.values(), ({ namespace }) => namespace);
  const podsByLabel = memoize((namespace: string, label: string) =>
    Map.groupBy(podsByNamespace.get(namespace) ?? [], ({ labels }) => labels[label]),
  );
  const podsByWorkload = memoize((namespace: string, kind: string) =>
    Map.groupBy(podsByNamespace.get(namespace) ?? [], ({ workload }) =>
      workload?.kind === kind ? workload.name : undefined,
    ),
  );
  const servicesByNamespace = memoize(() => Map.groupBy(state.services.values(), ({ namespace }) => namespace));

  return {
    podsSelectedBy(namespace, selector) {
      // The rarest label leaves the fewest pods to look at: `app.kubernetes.io/part-of` may be on all of them.
      const [candidates = []] = Object.entries(selector)
        .map(([label, value]) => podsByLabel(namespace, label).get(value) ?? [])
        .sort((a, b) => a.length - b.length);
      return sortByName(candidates.filter(({ labels }) => isSelectedBy(selector, labels)));
    },
    podsOfWorkload(kind, namespace, name) {
      return sortByName(podsByWorkload(namespace, kind).get(name) ?? []);
    },
    servicesSelecting(namespace, labels) {
      const services = servicesByNamespace('', '').get(namespace) ?? [];
      return services.filter(({ selector }) => isSelectedBy(selector, labels));
    },
  };
}

function sortByName<T extends { readonly name: string }>(objects: readonly T[]): T[] {
  return objects.toSorted((a, b) => compareText(a.name, b.name));
}

function memoize<T>(compute: (first: string, second: string) => T): (first: string, second: string) => T {
  const known = new Map<string, T>();
  return (first, second) => {
    const key = `${first} ${second}`;
    const value = known.get(key) ?? compute(first, second);
    known.set(key, value);
    return value;
  };
}
