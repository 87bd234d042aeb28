// A Deployment whose one pod has parts of a claimed volume, one of them named after the pod, and a volume that was claimed
// for the pod alone. Volumes are folders of the node, and go with their claims.

import { randomBytes } from 'node:crypto';

export const KEEPER = 'keeper';

/** What a driver would make ready for the application: folders that are its own. */
const PREPARE = `
mkdir -p /whole/shared/part /whole/pods/$POD_NAME
echo above > /whole/secret; echo above > /whole/shared/secret
echo part > /whole/shared/part/seen; ln -sf ../secret /whole/shared/part/up; ln -sf /etc/passwd /whole/shared/part/out
echo $POD_NAME > /whole/pods/$POD_NAME/whose; echo scratch > /scratch/seen
chown -R 1000:1000 /whole /scratch`;

export type ClaimKeeper = {
  readonly objects: readonly object[];
  /** Names of the volumes that are bound from the beginning or once there is a second pod. */
  readonly volumes: readonly string[];
  readonly storageClass: string;
};

export function buildClaimKeeper({ namespace, image }: { namespace: string; image: string }): ClaimKeeper {
  // Neither namespaces nor labs keep these apart.
  const storageClass = `tp-${namespace}-${randomBytes(4).toString('hex')}`;
  const ofOne = { accessModes: ['ReadWriteOnce'], storageClassName: storageClass };
  const ofMany = { accessModes: ['ReadWriteMany'], storageClassName: storageClass };
  const resources = { requests: { storage: '1Gi' } };
  const volume = (name: string, spec: object) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `${storageClass}-${name}` },
    spec: {
      ...spec,
      capacity: resources.requests,
      persistentVolumeReclaimPolicy: 'Delete',
      // The controller removes folders of /tmp only.
      hostPath: { path: `/tmp/${storageClass}-${name}`, type: 'DirectoryOrCreate' },
    },
  });
  const volumes = [
    volume('claimed', { ...ofMany, claimRef: { namespace, name: KEEPER } }),
    // One for each pod that there will be.
    volume('first', ofOne),
    volume('second', ofOne),
  ];
  return {
    storageClass,
    volumes: volumes.map(({ metadata }) => metadata.name),
    objects: [
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: storageClass },
        provisioner: 'kubernetes.io/no-provisioner',
      },
      ...volumes,
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: KEEPER, namespace },
        spec: { ...ofMany, resources },
      },
      buildDeployment({ namespace, image, template: { spec: { ...ofOne, resources } } }),
    ],
  };
}

type Options = { readonly namespace: string; readonly image: string; readonly template: object };

function buildDeployment({ namespace, image, template }: Options): object {
  const labels = { app: KEEPER };
  const env = [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
  const prepare = {
    name: 'prepare',
    image,
    env,
    command: ['sh', '-c', PREPARE],
    securityContext: { runAsUser: 0 },
    volumeMounts: [
      { name: 'claimed', mountPath: '/whole' },
      { name: 'scratch', mountPath: '/scratch' },
    ],
  };
  const app = {
    name: 'app',
    image,
    env,
    command: ['sh', '-c', 'while true; do sleep 1; done'],
    securityContext: { runAsUser: 1000, runAsGroup: 1000 },
    volumeMounts: [
      { name: 'claimed', mountPath: '/srv/tp-part', subPath: 'shared/part' },
      { name: 'claimed', mountPath: '/srv/tp-own', subPathExpr: 'pods/$(POD_NAME)' },
      { name: 'scratch', mountPath: '/srv/tp-scratch' },
    ],
  };
  const spec = {
    terminationGracePeriodSeconds: 0,
    initContainers: [prepare],
    containers: [app],
    volumes: [
      { name: 'claimed', persistentVolumeClaim: { claimName: KEEPER } },
      { name: 'scratch', ephemeral: { volumeClaimTemplate: template } },
    ],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: KEEPER, namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}
