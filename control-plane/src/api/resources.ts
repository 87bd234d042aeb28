// The Kubernetes resources this project talks about, as the paths of the API need them.

import { GROUP, VERSION } from './names.ts';

export type Resource = {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
};

const namespaced = (group: string, version: string, plural: string, kind: string): Resource =>
  ({ group, version, plural, kind, namespaced: true }) as const;
const clusterWide = (group: string, version: string, plural: string, kind: string): Resource =>
  ({ group, version, plural, kind, namespaced: false }) as const;

export const INTERCEPTS = namespaced(GROUP, VERSION, 'intercepts', 'Intercept');
export const SESSIONS = namespaced(GROUP, VERSION, 'sessions', 'Session');
export const PODS = namespaced('', 'v1', 'pods', 'Pod');
/** Field selector for pods that have not ended: those that have serve nobody, and finished Jobs leave many behind. */
export const LIVING_PODS = 'status.phase!=Succeeded,status.phase!=Failed';
export const SERVICES = namespaced('', 'v1', 'services', 'Service');
export const SECRETS = namespaced('', 'v1', 'secrets', 'Secret');
export const CONFIG_MAPS = namespaced('', 'v1', 'configmaps', 'ConfigMap');
export const EVENTS = namespaced('', 'v1', 'events', 'Event');
export const NAMESPACES = clusterWide('', 'v1', 'namespaces', 'Namespace');
export const NODES = clusterWide('', 'v1', 'nodes', 'Node');
export const SERVICE_CIDRS = clusterWide('networking.k8s.io', 'v1', 'servicecidrs', 'ServiceCIDR');
export const LEASES = namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const DEPLOYMENTS = namespaced('apps', 'v1', 'deployments', 'Deployment');
export const STATEFUL_SETS = namespaced('apps', 'v1', 'statefulsets', 'StatefulSet');
export const DAEMON_SETS = namespaced('apps', 'v1', 'daemonsets', 'DaemonSet');
export const TOKEN_REVIEWS = clusterWide('authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview');
export const SELF_SUBJECT_REVIEWS = clusterWide(
  'authentication.k8s.io',
  'v1',
  'selfsubjectreviews',
  'SelfSubjectReview',
);
export const SUBJECT_ACCESS_REVIEWS = clusterWide(
  'authorization.k8s.io',
  'v1',
  'subjectaccessreviews',
  'SubjectAccessReview',
);
export const SELF_SUBJECT_ACCESS_REVIEWS = clusterWide(
  'authorization.k8s.io',
  'v1',
  'selfsubjectaccessreviews',
  'SelfSubjectAccessReview',
);
export const MUTATING_WEBHOOKS = clusterWide(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
);
