// The whole control plane in this process, against the fake API server, with free ports.

import type { ExecutionContext } from 'ava';
import { createKubernetesClient, type KubernetesObject } from '../../control-plane/src/kubernetes/index.ts';
import { createLogger } from '../../control-plane/src/process/index.ts';
import { run } from '../../control-plane/src/run.ts';
import { RESOURCE_TYPES, TYPE_URLS } from '../../xds/src/index.ts';
import { connectDeltaAgent, type DeltaAgent } from './delta-agent.ts';
import { answer, type FakeApi, startFakeApi } from './fake-api.ts';
import { INSTALL, NEIGHBOUR, NODE, SECRETS_PATH } from './shop.ts';
import { waitFor } from './wait-for.ts';

const AGENT_TOKEN = 'token-of-the-agent';
export const NEIGHBOUR_TOKEN = 'token-of-the-neighbour';

export type RunningControlPlane = {
  readonly api: FakeApi;
  readonly ports: { admin: number; discovery: number; reach: number };
  readonly stop: () => Promise<void>;
  readonly log: readonly string[];
};

export async function startControlPlane(
  t: ExecutionContext,
  { fill, replica = 'tp-control-plane-1' }: { fill?: (api: FakeApi) => void; replica?: string } = {},
): Promise<RunningControlPlane> {
  const api = await startFakeApi();
  fill?.(api);
  api.intercept = reviewTokens;
  const stop = new AbortController();
  const ports = { admin: 0, discovery: 0, reach: 0 };
  const log: string[] = [];
  const config = {
    podName: replica,
    installNamespace: INSTALL,
    xdsPort: 0,
    reachPort: 0,
    adminPort: 0,
    agentIdleTimeoutMs: 3600_000,
    sessionGraceMs: 3600_000,
    logLevel: 'debug',
  };
  const ended = run(config, {
    client: createKubernetesClient(api.kubeConfig),
    log: createLogger('debug', { write: (line) => void log.push(line) }),
    signal: stop.signal,
    onListening: (server, port) => {
      ports[server] = port;
    },
  });
  const end = async () => {
    stop.abort();
    await ended;
  };
  t.teardown(async () => {
    await end();
    await api.close();
  });
  await waitFor('all servers', () => Object.values(ports).every((port) => port > 0), 10_000);
  return { api, ports, stop: end, log };
}

/** Each token is bound to a pod of the namespace of NODE. */
const POD_OF_TOKEN: Readonly<Record<string, string | undefined>> = {
  [AGENT_TOKEN]: NODE.split('/')[1],
  [NEIGHBOUR_TOKEN]: NEIGHBOUR,
};

const reviewTokens: FakeApi['intercept'] = async (request, response, path) => {
  if (!path.endsWith('/tokenreviews')) return false;
  let body = '';
  for await (const chunk of request) body += chunk;
  const { spec } = JSON.parse(body) as { spec: { token: string; audiences: string[] } };
  const [namespace] = NODE.split('/');
  const pod = POD_OF_TOKEN[spec.token];
  const user = {
    username: `system:serviceaccount:${namespace}:default`,
    extra: {
      'authentication.kubernetes.io/pod-name': [pod],
      'authentication.kubernetes.io/pod-uid': [`uid-${pod}`],
    },
  };
  const authenticated = pod !== undefined;
  answer(response, 201, {
    status: authenticated ? { authenticated, audiences: spec.audiences, user } : { authenticated },
  });
  return true;
};

/** An agent that says it is the one of NODE. */
export function connectAgent(t: ExecutionContext, controlPlane: RunningControlPlane, token = AGENT_TOKEN): DeltaAgent {
  const secret = controlPlane.api.find<KubernetesObject & { data: Record<string, string> }>(
    SECRETS_PATH,
    'tp-authority',
  );
  const agent = connectDeltaAgent({
    port: controlPlane.ports.discovery,
    authority: Buffer.from(secret?.data['ca.crt'] ?? '', 'base64').toString(),
    serverName: `tp-control-plane.${INSTALL}.svc`,
    token,
    node: NODE,
  });
  t.teardown(() => agent.close());
  return agent;
}

/** Subscribes to everything and acknowledges everything; returns the names it holds. */
export function obey(agent: DeltaAgent): Set<string> {
  const names = new Set<string>();
  agent.onResponse((response) => {
    const type = RESOURCE_TYPES.find((each) => TYPE_URLS[each] === response.typeUrl);
    for (const { name } of response.resources) names.add(name);
    for (const name of response.removedResources) names.delete(name);
    if (type !== undefined) agent.send(type, { responseNonce: response.nonce });
  });
  for (const type of RESOURCE_TYPES) agent.send(type, { resourceNamesSubscribe: ['*'] });
  return names;
}
