// The cluster that demo and cluster tests work on: the lab, or an existing one named by a kubeconfig context.

import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { shortHash } from './cache.ts';
import { loadImages, loadIntoNodes, start } from './cluster.ts';
import { environmentFor, pluginEnvironment } from './environment.ts';
import { LabError } from './errors.ts';
import { buildLoadCommand } from './image-loading.ts';
import { agentImage, productImage, toolsImage } from './images/definitions.ts';
import { type Image, ociArchive } from './images/oci-archive.ts';
import { currentLab } from './lab.ts';
import { cacheFolder } from './paths.ts';
import { capture } from './shell.ts';
import type { User } from './users.ts';

export type Images = { readonly product: string; readonly agent: string; readonly tools: string };

export type TargetCluster = {
  /** For a person, such as `the lab "tp"`. */
  readonly description: string;
  readonly images: Images;
  /** Loads one more image; resolves with its name. */
  load(image: Image): Promise<string>;
  /** Variables for children: KUBECONFIG, and PATH with `kubectl` and `kubectl-tp`. */
  env(user?: User): Promise<NodeJS.ProcessEnv>;
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
  };
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
  };
}

/** A kubeconfig whose current context is the named one, so that no child needs a flag. */
async function pinContext(context: string): Promise<string> {
  const view = ['config', 'view', '--minify', '--flatten', '--raw', '--context', context];
  const folder = join(cacheFolder(), 'contexts');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${shortHash(context)}.kubeconfig`);
  await writeFile(file, await capture('kubectl', view), { mode: 0o600 });
  return file;
}

async function provideImages(context: string, kubeconfig: string): Promise<Images> {
  const { TP_IMAGE, TP_AGENT_IMAGE, TP_TOOLS_IMAGE } = process.env;
  if (TP_IMAGE && TP_AGENT_IMAGE && TP_TOOLS_IMAGE) {
    return { product: TP_IMAGE, agent: TP_AGENT_IMAGE, tools: TP_TOOLS_IMAGE };
  }
  const [product, agent, tools] = await Promise.all([productImage(), agentImage(), toolsImage()]);
  await loadIntoContext(context, kubeconfig, [product, agent, tools]);
  return { product: product.name, agent: agent.name, tools: tools.name };
}

async function loadIntoContext(context: string, kubeconfig: string, images: readonly Image[]): Promise<void> {
  const archive = join(cacheFolder(), 'images.tar');
  await pipeline(ociArchive(images), createWriteStream(archive));
  const nodeLabels = await firstNodeLabels(kubeconfig);
  const { command, args } = buildLoadCommand({ context, nodeLabels }, archive);
  await capture(command, args);
}

async function firstNodeLabels(kubeconfig: string): Promise<Record<string, string>> {
  const nodes = await capture('kubectl', ['--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'json']);
  return JSON.parse(nodes).items[0]?.metadata.labels ?? {};
}
