// Namespaces as the API server has them -> NamespaceModel: what their labels say about agents.

import { INJECT, refusesNetAdmin } from '../api/index.ts';
import type { KubernetesObject } from '../kubernetes/types.ts';
import type { NamespaceModel } from './cluster-state.ts';
import { parseInject } from './parse-workload.ts';

export function parseNamespace({ metadata: { labels = {} } }: KubernetesObject): NamespaceModel {
  return {
    inject: parseInject(labels[INJECT]),
    // The webhook then injects nothing that needs them.
    refusesNft: refusesNetAdmin(labels),
  };
}
