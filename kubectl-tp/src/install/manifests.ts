// The objects of the cluster part, as the plugin ships them, with this install's values in place of the placeholders
// (charts/render.ts says which there are).

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Resource } from '@kubectl-tp/control-plane/api';
import type { KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';
import { parseAllDocuments } from 'yaml';
import { VERSION } from '../version.ts';
import { assetPath } from './assets.ts';

export type InstallValues = {
  readonly namespace: string;
  readonly image: string;
  readonly agentImage: string;
  readonly pullPolicy: string;
};

export const DEFAULT_IMAGES = {
  image: `kubectl-tp/kubectl-tp:${VERSION}`,
  agentImage: 'envoyproxy/envoy:distroless-v1.40.0',
} as const;

export type Manifest = KubernetesObject & { readonly apiVersion: string; readonly kind: string };

/** In the order in which they have to be applied. */
export async function readManifests(values: InstallValues): Promise<Manifest[]> {
  const folder = assetPath('manifests');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).toSorted();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => parseManifests(fillIn(text, values)));
}

/** No placeholder is part of another, so the order does not matter. */
function fillIn(text: string, { namespace, image, agentImage, pullPolicy }: InstallValues): string {
  return text
    .replaceAll('placeholder-agent-image', agentImage)
    .replaceAll('placeholder-namespace', namespace)
    .replaceAll('placeholder-image', image)
    .replaceAll('placeholder-pull-policy', pullPolicy);
}

function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    return value === null ? [] : [value as Manifest];
  });
}

/** Kinds of the chart that live outside namespaces. */
const CLUSTER_WIDE = new Set([
  'Namespace',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'PriorityClass',
]);
const PLURAL_ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/cy$/, 'cies'],
  [/ss$/, 'sses'],
  [/$/, 's'],
];

/** The path of an object's kind in the API. The kinds of the chart all have regular plurals. */
export function resourceOf({ apiVersion, kind }: Manifest): Resource {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const word = kind.toLowerCase();
  const [ending = /$/, plural = 's'] = PLURAL_ENDINGS.find(([pattern]) => pattern.test(word)) ?? [];
  return { group, version, plural: word.replace(ending, plural), kind, namespaced: !CLUSTER_WIDE.has(kind) };
}
