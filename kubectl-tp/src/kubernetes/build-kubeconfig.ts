// A connection as a kubeconfig, for programs and libraries that read one. Pure.

import type { Connection, Impersonation } from './connection.ts';

/** One context, in the form of the file; to be written as JSON, which leaves out what is undefined. */
export function buildKubeconfig({ cluster, user, impersonate }: Connection): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'tp',
    contexts: [{ name: 'tp', context: { cluster: cluster.name, user: user.name } }],
    clusters: [{ name: cluster.name, cluster: cluster.value }],
    users: [{ name: user.name, user: { ...user.value, ...impersonationFields(impersonate) } }],
  };
}

/** In the place of the file's own, which a connection has taken over where no flag says otherwise. */
function impersonationFields({ user, groups, uid, extra }: Impersonation): object {
  return { as: user, 'as-groups': groups, 'as-uid': uid, 'as-user-extra': extra };
}
