// Reads the environment of an intercepted container with the user's own rights. What may not be read costs its
// variables, not the intercept.

import { AGENT_CONTAINER, CONFIG_MAPS, SECRETS } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { collectEnvironment, requiredSources, type Source, type SourceKind } from '../environment/collect.ts';
import { isLoaderVariable } from '../environment/loader-variables.ts';
import { type ConfigMap, type Container, isReady, type Pod, type Secret } from '../kubernetes/objects.ts';
import { describeAgent } from '../kubernetes/target.ts';
import type { CollectedEnvironment } from './api.ts';

type Options = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly pods: readonly Pod[];
  readonly containerPort: number;
  /** Also what makes programs run code of the environment's choice. */
  readonly loaderVariables: boolean;
  readonly signal: AbortSignal;
};

export async function readEnvironment(options: Options): Promise<CollectedEnvironment> {
  const pod = options.pods.find(isReady) ?? options.pods[0];
  const container = pod && findContainer(pod, options.containerPort);
  if (pod === undefined || container === undefined)
    return { variables: {}, missing: ['everything: no pod to read it from'] };
  const needed = requiredSources(container);
  const read = await Promise.all(needed.map((source) => readSource(options, source)));
  const byKey = new Map(needed.map(({ kind, name }, index) => [`${kind}/${name}`, read[index]]));
  const environment = collectEnvironment(container, pod, (kind, name) => byKey.get(`${kind}/${name}`));
  return options.loaderVariables ? environment : withoutLoaderVariables(environment);
}

function withoutLoaderVariables({ variables, missing }: CollectedEnvironment): CollectedEnvironment {
  const loaders = Object.keys(variables).filter(isLoaderVariable).toSorted();
  if (loaders.length === 0) return { variables, missing };
  const kept = Object.entries(variables).filter(([name]) => !isLoaderVariable(name));
  const why = `${loaders.join(', ')}: programs of this laptop would take orders from them (to have them: --loader-variables)`;
  return { variables: Object.fromEntries(kept), missing: [...missing, why] };
}

/** The container behind the intercepted port; the first of the application where none says. */
function findContainer(pod: Pod, port: number): Container | undefined {
  const containers = pod.spec.containers.filter(({ name }) => name !== AGENT_CONTAINER);
  const owner = describeAgent(pod)?.ports.find(({ appPort }) => appPort === port)?.container;
  return (
    containers.find(({ name }) => name === owner) ??
    containers.find(({ ports }) => ports?.some(({ containerPort }) => containerPort === port)) ??
    containers[0]
  );
}

async function readSource(
  { client, namespace, signal }: Options,
  { kind, name }: { kind: SourceKind; name: string },
): Promise<Source> {
  const ref = { name, namespace };
  try {
    if (kind === 'ConfigMap') return { data: (await client.get<ConfigMap>(CONFIG_MAPS, ref, { signal })).data ?? {} };
    return { data: decode((await client.get<Secret>(SECRETS, ref, { signal })).data ?? {}) };
  } catch (error) {
    signal.throwIfAborted();
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function decode(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}
