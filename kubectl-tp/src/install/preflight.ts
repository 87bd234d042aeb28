// Checks before anything is changed: is the cluster new enough, and may this user install?

import { SELF_SUBJECT_ACCESS_REVIEWS } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient, KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import type { Cluster } from '../kubernetes/client.ts';
import { getJson } from '../kubernetes/get-json.ts';
import { type Manifest, resourceOf } from './manifests.ts';

/** Native sidecars, preStop sleep and ValidatingAdmissionPolicy are on by default from here. */
const OLDEST_MINOR = 30;

export async function assertClusterVersion(cluster: Cluster): Promise<void> {
  const { major, minor, gitVersion } = await readVersion(cluster);
  // Some providers write "30+".
  if (Number.parseInt(major, 10) > 1 || Number.parseInt(minor, 10) >= OLDEST_MINOR) return;
  throw new TpError(
    'CLUSTER_TOO_OLD',
    `The cluster runs Kubernetes ${gitVersion}; 1.${OLDEST_MINOR} is the oldest that works.`,
    {
      hint: 'Older clusters lack native sidecars, the sleep of preStop, or ValidatingAdmissionPolicy. Upgrade the cluster.',
    },
  );
}

/** Asks for every kind that is going to be written, and names all rights that are missing at once. */
export async function assertMayInstall(client: KubernetesClient, manifests: readonly Manifest[]): Promise<void> {
  const wanted = new Map(
    manifests.map((manifest) => [`${manifest.kind}/${manifest.metadata.namespace ?? ''}`, manifest]),
  );
  const answers = await Promise.all(
    [...wanted.values()].map(async (manifest) => ({ manifest, may: await mayCreate(client, manifest) })),
  );
  const missing = answers.filter(({ may }) => !may).map(({ manifest }) => resourceOf(manifest).plural);
  if (missing.length === 0) return;
  throw new TpError('MISSING_RIGHT', `You may not create: ${[...new Set(missing)].toSorted().join(', ')}.`, {
    hint: 'Installing needs the rights of a cluster administrator. `kubectl tp install --dry-run` prints all objects for one.',
  });
}

type AccessReview = KubernetesObject & { status?: { allowed?: boolean } };

async function mayCreate(client: KubernetesClient, manifest: Manifest): Promise<boolean> {
  const { group, plural } = resourceOf(manifest);
  const { namespace } = manifest.metadata;
  const resourceAttributes = {
    verb: 'create',
    group,
    resource: plural,
    ...(namespace === undefined ? {} : { namespace }),
  };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const { status } = await client.create<AccessReview>(SELF_SUBJECT_ACCESS_REVIEWS, review);
  return status?.allowed === true;
}

type Version = { major: string; minor: string; gitVersion: string };

async function readVersion(cluster: Cluster): Promise<Version> {
  const { body } = await getJson(cluster, '/version');
  const { major = '', minor = '', gitVersion = 'unknown' } = (body ?? {}) as Partial<Version>;
  return { major, minor, gitVersion };
}
