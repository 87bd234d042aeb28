// Reads the environment of a container with the user's own rights. What may not be read costs its variables, nothing
// else.

import { SERVICES } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { readKeyedObject, textsOf } from '../kubernetes/keyed-object.ts';
import type { Container, Pod, Service } from '../kubernetes/objects.ts';
import { collectEnvironment, type Environment, type Missing, requiredSources, type Source } from './collect.ts';
import { isLoaderVariable } from './loader-variables.ts';
import { API_SERVICE, API_SERVICE_BY_NAME, serviceVariables } from './service-variables.ts';

type Options = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly pod: Pod;
  readonly container: Container;
  /** Also what makes programs run code of the environment's choice. */
  readonly loaderVariables: boolean;
  readonly signal: AbortSignal;
};

export async function readEnvironment(options: Options): Promise<Environment> {
  const { pod, container, client, namespace, signal } = options;
  const needed = requiredSources(container);
  const [sources, links, api] = await Promise.all([
    Promise.all(needed.map(({ kind, name }) => readKeyedObject({ client, kind, name, namespace, signal }))),
    readServiceLinks(options),
    readApiService(options),
  ]);
  const byKey = new Map(
    needed.map(({ kind, name }, index): [string, Source | undefined] => {
      const read = sources[index];
      return [`${kind}/${name}`, read === undefined || 'error' in read ? read : { data: textsOf(kind, read.object) }];
    }),
  );
  const environment = collectEnvironment({
    container,
    pod,
    sources: (kind, name) => byKey.get(`${kind}/${name}`),
    services: serviceVariables([api, ...links.services]),
    missingServices: links.missing,
  });
  return options.loaderVariables ? environment : withoutLoaderVariables(environment);
}

function withoutLoaderVariables({ variables, missing }: Environment): Environment {
  const loaders = Object.keys(variables).filter(isLoaderVariable).toSorted();
  const kept = Object.entries(variables).filter(([name]) => !isLoaderVariable(name));
  const why = 'programs of this laptop would take orders from it (to have it: --loader-variables)';
  return {
    variables: Object.fromEntries(kept),
    missing: [...missing, ...loaders.map((name) => ({ name, why }))],
  };
}

type Read = { readonly services: readonly Service[]; readonly missing: readonly Missing[] };

/** Those of the pod's namespace, unless the pod wants none. */
async function readServiceLinks({ client, namespace, pod, signal }: Options): Promise<Read> {
  if (pod.spec.enableServiceLinks === false) return { services: [], missing: [] };
  try {
    return { services: await client.list<Service>(SERVICES, { namespace, signal }), missing: [] };
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    const why = `the variables of the Services in ${namespace} (NAME_SERVICE_HOST, NAME_PORT, ...): ${reason}`;
    return { services: [], missing: [{ why }] };
  }
}

/** Every container gets its variables, whatever the pod wants. */
async function readApiService({ client, signal }: Options): Promise<Service> {
  try {
    return await client.get<Service>(SERVICES, API_SERVICE, { signal });
  } catch {
    signal.throwIfAborted();
    return API_SERVICE_BY_NAME;
  }
}
