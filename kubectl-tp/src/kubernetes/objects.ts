// The parts of other people's objects that the plugin reads. The API server guarantees their shape.

import type { KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';

export type Labels = Readonly<Record<string, string>>;

export type Service = KubernetesObject & {
  spec: {
    /** Empty for Services without one of their own, `None` for headless ones. */
    clusterIP?: string;
    /** The same of each family. */
    clusterIPs?: string[];
    selector?: Labels;
    ports?: { name?: string; port: number; targetPort?: number | string; protocol?: string }[];
  };
};

export type ContainerPort = { name?: string; containerPort: number; protocol?: string };

export type Container = {
  name: string;
  image?: string;
  imagePullPolicy?: string;
  ports?: ContainerPort[];
  env?: EnvVar[];
  envFrom?: EnvFrom[];
  resources?: { limits?: Labels; requests?: Labels };
  volumeMounts?: VolumeMount[];
  securityContext?: SecurityContext;
};

export type VolumeMount = {
  name: string;
  mountPath: string;
  readOnly?: boolean;
  subPath?: string;
  subPathExpr?: string;
};

export type SecurityContext = {
  runAsUser?: number;
  runAsGroup?: number;
  allowPrivilegeEscalation?: boolean;
  readOnlyRootFilesystem?: boolean;
  capabilities?: { drop?: string[] };
  seccompProfile?: { type: string };
};

/** A container that was put into a running pod, and stays listed there for ever. */
export type EphemeralContainer = Container & {
  command?: string[];
  workingDir?: string;
};

export type EnvVar = {
  name: string;
  value?: string;
  valueFrom?: {
    configMapKeyRef?: KeyRef;
    secretKeyRef?: KeyRef;
    fieldRef?: FieldRef;
    resourceFieldRef?: ResourceFieldRef;
  };
};
export type FieldRef = { fieldPath: string };
export type ResourceFieldRef = { resource: string; containerName?: string; divisor?: string };
export type KeyRef = { name: string; key: string; optional?: boolean };
export type EnvFrom = { prefix?: string; configMapRef?: SourceRef; secretRef?: SourceRef };
export type SourceRef = { name: string; optional?: boolean };

export type PodSpec = {
  containers: Container[];
  initContainers?: Container[];
  ephemeralContainers?: EphemeralContainer[];
  securityContext?: SecurityContext;
  nodeName?: string;
  hostNetwork?: boolean;
  serviceAccountName?: string;
  /** Whether containers get the variables of Services; default true. */
  enableServiceLinks?: boolean;
  volumes?: Volume[];
};

/** Keys of an object as files; all of them where no items are named. */
export type KeyItems = { items?: { key: string; path: string; mode?: number }[]; optional?: boolean };
export type DownwardFile = { path: string; mode?: number; fieldRef?: FieldRef; resourceFieldRef?: ResourceFieldRef };
export type ProjectedSource = {
  configMap?: KeyItems & { name: string };
  secret?: KeyItems & { name: string };
  downwardAPI?: { items?: DownwardFile[] };
  serviceAccountToken?: { path: string; audience?: string; expirationSeconds?: number };
};
/** Other kinds of volumes are told by the name of their field, such as `emptyDir`. */
export type Volume = {
  name: string;
  configMap?: KeyItems & { name: string; defaultMode?: number };
  secret?: KeyItems & { secretName: string; defaultMode?: number };
  downwardAPI?: { items?: DownwardFile[]; defaultMode?: number };
  projected?: { sources?: ProjectedSource[]; defaultMode?: number };
};

type Terminated = { exitCode?: number; reason?: string; message?: string };
export type ContainerStatus = {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string }; running?: object; terminated?: Terminated };
  lastState?: { terminated?: Terminated };
  /** As whom it runs, where the kubelet tells. */
  user?: { linux?: { uid: number; gid: number } };
};

export type Pod = KubernetesObject & {
  spec: PodSpec;
  status?: {
    phase?: string;
    hostIP?: string;
    hostIPs?: { ip: string }[];
    podIP?: string;
    podIPs?: { ip: string }[];
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
    ephemeralContainerStatuses?: ContainerStatus[];
  };
};

export type LabelSelector = {
  matchLabels?: Labels;
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[];
};

export type Workload = KubernetesObject & {
  spec: {
    replicas?: number;
    paused?: boolean;
    selector: LabelSelector;
    template: { metadata?: { labels?: Labels; annotations?: Labels }; spec: PodSpec };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    desiredNumberScheduled?: number;
    updatedNumberScheduled?: number;
    numberReady?: number;
  };
};

export type ConfigMap = KubernetesObject & { data?: Labels; binaryData?: Labels };
export type Secret = KubernetesObject & { data?: Labels };

export type Event = KubernetesObject & {
  type?: string;
  reason?: string;
  message?: string;
  involvedObject: { kind?: string; name?: string };
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { lastObservedTime?: string };
};

const HEADLESS = 'None';

/** Those that callers connect to: none of a headless Service. */
export function addressesOfService({ spec }: Service): string[] {
  const addresses = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return addresses.filter((address) => address !== HEADLESS && address !== '');
}

/** Sidecars are init containers that go on. */
export function allContainers({ containers, initContainers = [] }: PodSpec): Container[] {
  return [...containers, ...initContainers];
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

export function isTerminating(object: KubernetesObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** `a=1,b=2` for a list or watch. */
export function buildSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...labels, ...expressions].join(',');
}
