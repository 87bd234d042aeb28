// The cluster of the cluster tests: the lab (started when it does not run), or the one that TP_CONTEXT names.

import { databaseImage, type ImageNames } from '../../lab/images/definitions.ts';
import { capture } from '../../lab/shell.ts';
import { openTargetCluster } from '../../lab/target-cluster.ts';
import type { User } from '../../lab/users.ts';

export type AsUser = {
  /** Whose kubeconfig; `admin` unless said otherwise. */
  readonly user?: User;
  /** Standard input. */
  readonly input?: string;
};

export type LabCluster = {
  readonly images: ImageNames;
  /** Loads the image of a PostgreSQL server; resolves with its name. */
  databaseImage(): Promise<string>;
  env(user?: User): Promise<NodeJS.ProcessEnv>;
  kubeconfig(user?: User): Promise<string>;
  /** Standard output of kubectl; throws with its standard error when it fails. */
  kubectl(args: readonly string[], as?: AsUser): Promise<string>;
  /** Applies objects and returns when the API server has them. */
  apply(objects: readonly object[], as?: AsUser): Promise<void>;
};

let opened: Promise<LabCluster> | undefined;

/** Opened once per test process. The images in it are those of this checkout. */
export function labCluster(): Promise<LabCluster> {
  opened ??= openCluster();
  return opened;
}

async function openCluster(): Promise<LabCluster> {
  const target = await openTargetCluster();
  const kubectl: LabCluster['kubectl'] = async (args, { user, input } = {}) =>
    capture('kubectl', args, { env: await target.env(user), input });
  return {
    images: target.images,
    databaseImage: async () => target.load(await databaseImage()),
    env: (user) => target.env(user),
    kubeconfig: async (user) => (await target.env(user)).KUBECONFIG ?? '',
    kubectl,
    apply: async (objects, as) => {
      const list = { apiVersion: 'v1', kind: 'List', items: objects };
      await kubectl(['apply', '-f', '-'], { ...as, input: JSON.stringify(list) });
    },
  };
}
