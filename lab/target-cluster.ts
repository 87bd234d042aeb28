// The cluster that demo and cluster tests work on: the lab, or an existing one named by a kubeconfig context.

import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { shortHash } from './cache.ts';
import { loadImages, loadIntoNodes, start } from './cluster.ts';
import { environmentFor, formatExport, pluginEnvironment } from './environment.ts';
import { LabError } from './errors.ts';
import { buildLoadCommand } from './image-loading.ts';
import { type ImageNames, productImages } from './images/definitions.ts';
import { loadMissing } from './images/load.ts';
import { type Image, ociArchive } from './images/oci-archive.ts';
import { currentLab, DEFAULT_LAB_NAME, type Lab } from './lab.ts';
import { cacheFolder } from './paths.ts';
import { capture } from './shell.ts';
import type { User } from './users.ts';

export type TargetCluster = {
  /** For a person, such as `the lab "tp"`. */
  readonly description: string;
  readonly images: ImageNames;
  /** Loads one more image; resolves with its name. */
  load(image: Image): Promise<string>;
  /** Variables for children: KUBECONFIG, and PATH with `kubectl` and `kubectl-tp`. */
  env(user?: User): Promise<NodeJS.ProcessEnv>;
  /** What a person types in the checkout, in any shell, to have the same variables. */
  readonly enter: string;
  /** The same, to end the cluster and all that is in it; undefined for one that is not ours. */
  readonly stop: string | undefined;
};

/** Starts the lab if need be, or takes the cluster of `context`; the product's images are loaded afterwards. */
export async function openTargetCluster(context = process.env.TP_CONTEXT): Promise<TargetCluster> {
  return context ? openContext(context) : openLab();
}

async function openLab(): Promise<TargetCluster> {
  const lab = currentLab();
  await start(lab, (step) => console.error(`lab: ${step}`));
  return {
    description: `the lab "${lab.name}"`,
    images: await loadImages(lab),
    async load(image) {
      await loadIntoNodes(lab, [image]);
      return image.name;
    },
    env: async (user = 'admin') => ({ ...process.env, ...(await environmentFor(lab, user)) }),
    enter: `eval "$(${labCommand(lab, 'env')})"`,
    stop: labCommand(lab, 'stop'),
  };
}

/** Says which lab, as another terminal does not have this one's variables. */
function labCommand({ name }: Lab, verb: string): string {
  return `${name === DEFAULT_LAB_NAME ? '' : `TP_LAB_NAME=${name} `}npm run -s lab -- ${verb}`;
}

async function openContext(context: string): Promise<TargetCluster> {
  const kubeconfig = await pinContext(context);
  return {
    description: `the cluster of context "${context}"`,
    images: await provideImages(context, kubeconfig),
    async load(image) {
      await loadIntoContext(context, kubeconfig, [image]);
      return image.name;
    },
    env: async (user = 'admin') => {
      if (user === 'admin') return { ...process.env, ...(await pluginEnvironment(kubeconfig)) };
      throw new LabError('LAB_USAGE', `"${user}" lives in the lab only.`, { hint: 'Unset TP_CONTEXT.' });
    },
    enter: formatExport(kubeconfig),
    stop: undefined,
  };
}

/** A kubeconfig whose current context is the named one, so that no child needs a flag. */
async function pinContext(context: string): Promise<string> {
  const view = ['config', 'view', '--minify', '--flatten', '--raw', '--context', context];
  await mkdir(contextsFolder(), { recursive: true, mode: 0o700 });
  const file = join(contextsFolder(), `${shortHash(context)}.kubeconfig`);
  await writeFile(file, await capture('kubectl', view), { mode: 0o600 });
  return file;
}

async function provideImages(context: string, kubeconfig: string): Promise<ImageNames> {
  const { TP_IMAGE, TP_AGENT_IMAGE, TP_TOOLS_IMAGE } = process.env;
  if (TP_IMAGE && TP_AGENT_IMAGE && TP_TOOLS_IMAGE) {
    return { product: TP_IMAGE, agent: TP_AGENT_IMAGE, tools: TP_TOOLS_IMAGE };
  }
  const { images, names } = await productImages();
  await loadIntoContext(context, kubeconfig, images);
  return names;
}

/** Once for as long as the cluster has these nodes. */
async function loadIntoContext(context: string, kubeconfig: string, images: readonly Image[]): Promise<void> {
  const nodes = await readNodes(kubeconfig);
  const cluster = join(contextsFolder(), shortHash([context, ...nodes.map(({ uid }) => uid).sort()].join()));
  await loadMissing(`${cluster}.images.json`, images, async (missing) => {
    const archive = `${cluster}.tar`;
    await pipeline(ociArchive(missing), createWriteStream(archive));
    // Where no command is known, the error names the archive, which stays.
    const { command, args } = buildLoadCommand({ context, nodeLabels: nodes[0]?.labels ?? {} }, archive);
    await capture(command, args).finally(() => rm(archive));
  });
}

type Node = { readonly uid: string; readonly labels: Readonly<Record<string, string>> };

async function readNodes(kubeconfig: string): Promise<Node[]> {
  const nodes = await capture('kubectl', ['--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'json']);
  const { items } = JSON.parse(nodes) as { items: { metadata: { uid: string; labels?: Record<string, string> } }[] };
  return items.map(({ metadata }) => ({ uid: metadata.uid, labels: metadata.labels ?? {} }));
}

const contextsFolder = (): string => join(cacheFolder(), 'contexts');
