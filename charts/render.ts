// Renders charts/tp with the real helm to kubectl-tp/manifests, which the plugin carries for machines without helm.
// `node charts/render.ts` writes them, `node charts/render.ts --check` compares.
//
// What an install decides stands in the manifests as PLACEHOLDERS: words that occur nowhere else and in no other, which
// `kubectl tp install` replaces as plain text. The files are applied in the order of their names; every object in them
// that has a namespace names it.

import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { helmPath } from '../test/helpers/programs.ts';

const PLACEHOLDERS = {
  namespace: 'placeholder-namespace',
  image: 'placeholder-image',
  agentImage: 'placeholder-agent-image',
  imagePullPolicy: 'placeholder-pull-policy',
} as const;

const HEADER = '# Generated from charts/tp by charts/render.ts; do not edit.\n';
const CHART = fileURLToPath(new URL('tp', import.meta.url));
const MANIFESTS = fileURLToPath(new URL('../kubectl-tp/manifests', import.meta.url));

/**
 * Policies before the kinds whose owners they protect, so that an uninstall, which goes backwards, deletes them last;
 * rights before those who need them; the webhook's configuration after the webhook.
 */
const FILES: readonly { name: string; kinds: readonly string[] }[] = [
  { name: '1-namespace.yaml', kinds: ['Namespace'] },
  { name: '2-policies.yaml', kinds: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'] },
  { name: '3-crds.yaml', kinds: ['CustomResourceDefinition'] },
  { name: '4-access.yaml', kinds: ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'] },
  {
    name: '5-workloads.yaml',
    kinds: ['Service', 'NetworkPolicy', 'PodDisruptionBudget', 'Deployment'],
  },
  { name: '6-admission.yaml', kinds: ['MutatingWebhookConfiguration'] },
];

const files = groupByFile(await renderChart());
if (argv.includes('--check')) await compare(files);
else await write(files);

async function renderChart(): Promise<string[]> {
  const { namespace, image, agentImage, imagePullPolicy } = PLACEHOLDERS;
  const values = { image, imagePullPolicy, 'agent.image': agentImage, createNamespace: 'true' };
  const settings = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  // The pull policy's placeholder is none of those that the schema allows.
  const options = ['--namespace', namespace, '--include-crds', '--skip-schema-validation', ...settings];
  const home = join(tmpdir(), 'kubectl-tp-helm');
  const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  const { stdout } = await promisify(execFile)(await helmPath(), ['template', 'tp', CHART, ...options], { env });
  return stdout.split(/^---\n/m).filter((document) => /^kind:/m.test(document));
}

/** Throws for a kind that has no place: it must be decided when it is applied. */
function groupByFile(documents: readonly string[]): Map<string, string> {
  const texts = new Map(FILES.map(({ name }) => [name, HEADER]));
  for (const document of documents) {
    const kind = /^kind: (\S+)/m.exec(document)?.[1] ?? '';
    const file = FILES.find(({ kinds }) => kinds.includes(kind));
    if (file === undefined) throw new Error(`charts/render.ts knows no file for objects of kind ${kind}`);
    texts.set(file.name, `${texts.get(file.name)}---\n${document.trimEnd()}\n`);
  }
  return texts;
}

async function write(files: ReadonlyMap<string, string>): Promise<void> {
  await rm(MANIFESTS, { recursive: true, force: true });
  await mkdir(MANIFESTS, { recursive: true });
  for (const [name, text] of files) await writeFile(join(MANIFESTS, name), text);
}

async function compare(files: ReadonlyMap<string, string>): Promise<void> {
  const found = await readdir(MANIFESTS).catch((): string[] => []);
  const stale = found.filter((name) => !files.has(name));
  for (const [name, text] of files) {
    const same = found.includes(name) && (await readFile(join(MANIFESTS, name), 'utf8')) === text;
    if (!same) stale.push(name);
  }
  if (stale.length === 0) return;
  console.error(
    `kubectl-tp/manifests is not what charts/tp renders to: ${stale.join(', ')}. Run: node charts/render.ts`,
  );
  process.exitCode = 1;
}
