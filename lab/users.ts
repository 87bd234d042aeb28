// The people of the lab and what they may do:
//   admin  everything
//   alice  edits namespace team-a and may intercept there
//   carol  the same, a second developer
//   bob    looks at team-a and team-b, and may not intercept

export const USERS = ['admin', 'alice', 'bob', 'carol'] as const;
export type User = (typeof USERS)[number];

export const TEAM_NAMESPACES = ['team-a', 'team-b'] as const;
/** Where the product is installed; the people need a role in it before it is. */
const INSTALL_NAMESPACE = 'kubectl-tp';
/** Name of the roles that the chart creates for people who may intercept. */
const INTERCEPT_ROLE = 'tp-user';

type RoleBinding = {
  readonly apiVersion: string;
  readonly kind: 'RoleBinding';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly roleRef: { readonly apiGroup: string; readonly kind: 'Role' | 'ClusterRole'; readonly name: string };
  readonly subjects: readonly { readonly apiGroup: string; readonly kind: 'User'; readonly name: string }[];
};

/** Namespaces and role bindings. A binding may name a role that does not exist yet. */
export function userObjects(): object[] {
  return [
    ...[...TEAM_NAMESPACES, INSTALL_NAMESPACE].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    })),
    ...userBindings(),
  ];
}

/** Who has which role where, a line each. */
export function describeUsers(): string {
  return ['admin: everything', ...USERS.filter((user) => user !== 'admin').map(describeUser)].join('\n');
}

function describeUser(user: User): string {
  const roles = userBindings()
    .filter(({ subjects }) => subjects.some(({ name }) => name === user))
    .map(({ roleRef, metadata }) => `${roleRef.name} in ${metadata.namespace}`);
  return `${user}: ${roles.join(', ')}`;
}

function userBindings(): RoleBinding[] {
  const developers = ['alice', 'carol'] as const;
  return [
    ...developers.flatMap((user) => [
      roleBinding(user, 'team-a', 'ClusterRole', 'edit'),
      roleBinding(user, 'team-a', 'ClusterRole', INTERCEPT_ROLE),
      roleBinding(user, INSTALL_NAMESPACE, 'Role', INTERCEPT_ROLE),
    ]),
    ...TEAM_NAMESPACES.map((namespace) => roleBinding('bob', namespace, 'ClusterRole', 'view')),
  ];
}

export const isUser = (name: string): name is User => USERS.some((user) => user === name);

function roleBinding(user: User, namespace: string, kind: 'Role' | 'ClusterRole', role: string): RoleBinding {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata: { name: `${user}-${role}`, namespace },
    roleRef: { apiGroup, kind, name: role },
    subjects: [{ apiGroup, kind: 'User', name: user }],
  };
}
