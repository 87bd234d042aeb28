// A connection as a kubeconfig, for programs and libraries that read one. Pure.

import type { Connection } from './connection.ts';

/** One context, in the form of the file. */
export function buildKubeconfig({ cluster, user, impersonate }: Connection): object {
  const as = impersonate.user === undefined ? {} : { as: impersonate.user };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'tp',
    contexts: [{ name: 'tp', context: { cluster: cluster.name, user: user.name } }],
    clusters: [{ name: cluster.name, cluster: cluster.value }],
    users: [{ name: user.name, user: { ...user.value, ...as } }],
  };
}
