// Installs or upgrades the cluster part: checks first, then helm or server-side apply, then waits until it works.

import { DEPLOYMENTS, NAMESPACES } from '@kubectl-tp/control-plane/api';
import { isNotFound, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import type { Cluster } from '../kubernetes/client.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { apiErrorOf, ifFound } from '../kubernetes/translate-error.ts';
import { findHelm, installWithHelm } from './helm.ts';
import { type InstallValues, type Manifest, readManifests, resourceOf } from './manifests.ts';
import { isOurs } from './ownership.ts';
import { assertClusterVersion, assertMayInstall } from './preflight.ts';
import { waitUntilReady } from './wait-ready.ts';

export type InstallOptions = {
  readonly cluster: Cluster;
  readonly connection: Connection;
  readonly values: InstallValues;
  /** More values of the chart, as helm's --set wants them. */
  readonly settings: readonly string[];
  readonly useHelm: boolean;
  readonly dryRun: boolean;
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

export type Installed = { readonly namespace: string; readonly with: 'helm' | 'apply' };

/** With `dryRun` only asks the API server whether it would take the objects. */
export async function install(options: InstallOptions): Promise<Installed> {
  const { cluster, values, env, dryRun, progress } = options;
  const { client } = cluster;
  const { namespace } = values;
  await assertClusterVersion(cluster);
  const manifests = await readManifests(values);
  await assertMayInstall(client, manifests);
  const helm = options.useHelm && !dryRun && (await mayUseHelm(client, namespace)) ? await findHelm(env) : undefined;
  if (helm === undefined && options.settings.length > 0) throw needsHelm(options.settings);

  const own = await withoutForeignNamespace(client, manifests);
  for (const manifest of helm === undefined ? own : own.filter(isBeforeHelm)) await apply(client, manifest, options);
  if (helm !== undefined) {
    progress('Installing the chart with helm');
    await installWithHelm({ ...options, helm, settings: [...imageSettings(values), ...options.settings] });
  }
  if (!dryRun) await waitUntilReady({ ...options, client, namespace });
  return { namespace, with: helm === undefined ? 'apply' : 'helm' };
}

/** What was installed without helm stays so: helm refuses objects that are not its own. */
async function mayUseHelm(client: KubernetesClient, namespace: string): Promise<boolean> {
  const existing = await ifFound(client.get(DEPLOYMENTS, { name: 'tp-control-plane', namespace }));
  return existing === undefined || existing.metadata.labels?.['app.kubernetes.io/managed-by'] === 'Helm';
}

/** helm creates a namespace without our labels, and never upgrades CRDs. */
function isBeforeHelm({ kind }: Manifest): boolean {
  return kind === 'Namespace' || kind === 'CustomResourceDefinition';
}

/** A namespace that was there before is left as it is, and stays after an uninstall. */
async function withoutForeignNamespace(client: KubernetesClient, manifests: readonly Manifest[]): Promise<Manifest[]> {
  const namespace = manifests.find(({ kind }) => kind === 'Namespace');
  const existing = namespace && (await ifFound(client.get(NAMESPACES, namespace.metadata)));
  const isForeign = existing !== undefined && !isOurs(existing);
  return manifests.filter((manifest) => manifest !== namespace || !isForeign);
}

async function apply(
  client: KubernetesClient,
  manifest: Manifest,
  { dryRun, signal, progress }: InstallOptions,
): Promise<void> {
  const { name, namespace } = manifest.metadata;
  progress(`${dryRun ? 'Checking' : 'Applying'} ${manifest.kind} ${name}`);
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  try {
    await client.patch(resourceOf(manifest), ref, manifest, { type: 'apply', dryRun, signal });
  } catch (error) {
    // In a dry run there is no namespace for what would go into it.
    if (!(dryRun && isNotFound(apiErrorOf(error)))) throw error;
  }
}

function imageSettings({ image, agentImage, pullPolicy }: InstallValues): string[] {
  return [`image=${image}`, `agent.image=${agentImage}`, `imagePullPolicy=${pullPolicy}`];
}

function needsHelm(settings: readonly string[]): TpError {
  return new TpError(
    'USAGE',
    `--set ${settings[0]} needs helm; without it only the images and the namespace can be chosen.`,
    {
      hint: 'Put helm into PATH, or use --image, --agent-image and --tp-namespace.',
    },
  );
}
