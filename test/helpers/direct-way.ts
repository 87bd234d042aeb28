// An install whose relays can be reached without the API server: by a port of the node, as the chart makes it.

import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { LabCluster } from './lab.ts';
import { helmPath } from './programs.ts';

const CHART = fileURLToPath(new URL('../../charts/tp', import.meta.url));
const NAMESPACE = 'kubectl-tp';
/** In Kubernetes' range for them. */
const NODE_PORT = 30_846;
const FIRST_NODE_ADDRESS = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';

/** Resolves when the relays have the address; what it gives takes it from them again. */
export async function openDirectWay(cluster: LabCluster): Promise<() => Promise<void>> {
  const addresses = await cluster.kubectl(['get', 'nodes', '-o', `jsonpath=${FIRST_NODE_ADDRESS}`]);
  const [node = ''] = addresses.split(' ');
  const address = `relay.direct.address=${node.includes(':') ? `[${node}]` : node}:${NODE_PORT}`;
  const service = `relay.direct.service.type=NodePort,relay.direct.service.nodePort=${NODE_PORT}`;
  await applyRelays(cluster, ['deployment', 'network-policy', 'direct-service'], `${address},${service}`);
  return async () => {
    await cluster.kubectl(['-n', NAMESPACE, 'delete', 'service', 'tp-relay-direct']);
    await applyRelays(cluster, ['deployment', 'network-policy'], 'relay.direct.address=');
  };
}

async function applyRelays(cluster: LabCluster, parts: readonly string[], settings: string): Promise<void> {
  const { product, agent } = cluster.images;
  const values = `image=${product},agent.image=${agent},${settings}`;
  const shown = parts.flatMap((part) => ['--show-only', `templates/relay/${part}.yaml`]);
  const home = join(tmpdir(), 'kubectl-tp-helm');
  const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  const args = ['template', 'tp', CHART, '--namespace', NAMESPACE, '--set', values, ...shown];
  const { stdout } = await promisify(execFile)(await helmPath(), args, { env });
  await cluster.apply(parseAllDocuments(stdout).map((document) => document.toJS() as object));
  await cluster.kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/tp-relay', '--timeout=120s']);
}
