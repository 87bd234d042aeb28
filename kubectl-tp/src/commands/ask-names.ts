// Names for completion, from the cluster or the session process. Somebody waits at the prompt: what takes long, or fails,
// is no name.

import { createSessionCaller } from '../caller/caller.ts';
import { sessionFiles } from '../ipc/paths.ts';
import type { Cluster } from '../kubernetes/client.ts';
import { type Connection, type ConnectionFlags, resolveConnection } from '../kubernetes/connection.ts';
import type { AskNames, Candidate, KindOfName } from './complete-words.ts';

const DEADLINE_MS = 3000;

/** At the deadline requests are cancelled, but not everybody hears that: whoever asks must be ready to exit. */
export function createAskNames(env: NodeJS.ProcessEnv): AskNames {
  return (kind, flags) => {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const expired = new Promise<Candidate[]>((resolve) => signal.addEventListener('abort', () => resolve([])));
    const names = listNames(kind, flags, { env, signal });
    // A message would stand in the middle of the line that is being typed.
    return Promise.race([names.catch(() => []), expired]);
  };
}

type Asking = { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal };

async function listNames(kind: KindOfName, flags: ConnectionFlags, { env, signal }: Asking): Promise<Candidate[]> {
  const connection = await resolveConnection(flags, env);
  if (kind === 'intercepts') return listOwn(connection, env, signal);
  const { createCluster } = await import('../kubernetes/client.ts');
  const { client } = await createCluster(connection);
  return kind === 'namespaces' ? listNamespaces(client, signal) : listTargets(client, connection.namespace, signal);
}

/** A process that does not serve this call is left alone: completion neither starts nor replaces one. */
async function listOwn(connection: Connection, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Candidate[]> {
  const session = createSessionCaller(connection, sessionFiles(connection, env), () =>
    Promise.reject(new Error('no session process')),
  );
  const { intercepts, ingests } = await session.call('status', {}, { signal, again: true });
  const own = [
    ...intercepts.map((one) => ({ ...one, what: one.match })),
    ...ingests.map((one) => ({ ...one, what: 'ingest' })),
  ];
  const here = own.filter(({ namespace }) => namespace === connection.namespace);
  return [...new Map(here.map(({ target, what }) => [target, what]))];
}

async function listNamespaces(client: Cluster['client'], signal: AbortSignal): Promise<Candidate[]> {
  const { NAMESPACES } = await import('@kubectl-tp/control-plane/api');
  const namespaces = await client.list(NAMESPACES, { signal });
  return namespaces.map(({ metadata }) => [metadata.name]);
}

/** Services by name, workloads with their kind, as `intercept` takes them. Kinds that one may not see are left out. */
async function listTargets(client: Cluster['client'], namespace: string, signal: AbortSignal): Promise<Candidate[]> {
  const { SERVICES, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS } = await import('@kubectl-tp/control-plane/api');
  const kinds = [SERVICES, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS];
  const found = await Promise.allSettled(
    kinds.map(async (kind) => {
      const objects = await client.list(kind, { namespace, signal });
      const prefix = kind === SERVICES ? '' : `${kind.kind.toLowerCase()}/`;
      return objects.map(({ metadata }): Candidate => [`${prefix}${metadata.name}`, kind.kind]);
    }),
  );
  return found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}
