// What is in each image of the lab. Names have a registry host that does not exist: images are loaded, never pulled.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleImage } from '../../control-plane/bundle.ts';
import { cached, hashFiles, shortHash } from '../cache.ts';
import { PAUSE_IMAGE } from '../node-config.ts';
import { CHECKOUT, NODE } from '../paths.ts';
import { databaseFolder, debianFolder, ENVOY_VERSION, envoyPath, kubeFolder } from '../programs.ts';
import { type Layer, packLayer } from './layer.ts';
import { type Image, imageDigest } from './oci-archive.ts';

/** Workspaces that run in the cluster, all from one image. */
const WORKSPACES = ['xds', 'control-plane', 'webhook'];
const PATH = 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const NONROOT = '65532:65532';

const AGENT_IMAGE = `lab.local/envoy:${ENVOY_VERSION}`;
export const TOOLS_IMAGE = 'lab.local/tp-tools:1';
const DATABASE_IMAGE = 'lab.local/tp-database:1';

export async function pauseImage(): Promise<Image> {
  const root = await kubeFolder();
  const layer = await packLayer({ name: 'pause', key: root, root, paths: ['pause'] });
  return { name: PAUSE_IMAGE, config: { Entrypoint: ['/pause'] }, layers: [layer] };
}

/** Stands for the official Envoy image: the same program at the same place. */
export async function agentImage(): Promise<Image> {
  const root = join(await envoyPath(), '..');
  const envoy = await packLayer({ name: 'envoy', key: root, root, paths: ['envoy'], target: 'usr/local/bin' });
  return {
    name: AGENT_IMAGE,
    config: { Env: [PATH], Entrypoint: ['envoy'] },
    layers: [...(await baseLayers()).slice(0, 1), envoy],
  };
}

/** An application for tests and demos (`node /app/serve.mjs`), with a shell, wget and nft. */
export async function toolsImage(): Promise<Image> {
  const root = join(CHECKOUT, 'lab/images');
  const key = await hashFiles(root, ['serve.mjs']);
  const serve = await packLayer({ name: 'serve', key, root, paths: ['serve.mjs'], target: 'app' });
  return {
    name: TOOLS_IMAGE,
    config: { Env: [PATH], WorkingDir: '/app', Cmd: ['node', 'serve.mjs'] },
    layers: [...(await baseLayers()), await nodeLayer(), serve],
  };
}

/** A PostgreSQL server; its programs are in PATH. */
export async function databaseImage(): Promise<Image> {
  const root = join(await databaseFolder(), 'postgres');
  const postgres = await packLayer({ name: 'postgres', key: root, root, paths: ['.'] });
  return {
    name: DATABASE_IMAGE,
    config: { Env: [`${PATH}:/usr/lib/postgresql/15/bin`], User: NONROOT },
    layers: [...(await baseLayers()), postgres],
  };
}

export type ImageNames = { readonly product: string; readonly agent: string; readonly tools: string };

/** The product from this checkout, with its agent and the tools. */
export async function productImages(): Promise<{ images: readonly Image[]; names: ImageNames }> {
  const [product, agent, tools] = await Promise.all([productImage(), agentImage(), toolsImage()]);
  return { images: [product, agent, tools], names: { product: product.name, agent: agent.name, tools: tools.name } };
}

/** Named after its content. */
async function productImage(): Promise<Image> {
  const layers = [...(await baseLayers()), await nodeLayer(), await programsLayer()];
  const config = { Env: [PATH, 'NODE_ENV=production'], WorkingDir: '/app', User: NONROOT, Cmd: ['node'] };
  const content = imageDigest({ name: '', config, layers });
  return { name: `lab.local/kubectl-tp:${shortHash(content)}`, config, layers };
}

async function baseLayers(): Promise<Layer[]> {
  const folder = await debianFolder();
  const part = (name: string) => packLayer({ name, key: folder, root: join(folder, name), paths: ['.'] });
  return Promise.all([part('base'), part('tools')]);
}

async function nodeLayer(): Promise<Layer> {
  const key = await readFile(join(CHECKOUT, 'node_modules/node/package.json'), 'utf8');
  return packLayer({ name: 'node', key, root: join(NODE, '..'), paths: ['node'], target: 'usr/local/bin' });
}

async function programsLayer(): Promise<Layer> {
  const sources = [...WORKSPACES.map((name) => `${name}/src`), 'control-plane/bundle.ts', 'package-lock.json'];
  const key = await hashFiles(CHECKOUT, sources);
  const root = await cached({ name: 'programs', key, fill: bundleImage });
  return packLayer({ name: 'programs', key, root, paths: await readdir(root), target: 'app' });
}
