// Starts a node: containerd, then kubelet and kube-proxy.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createCgroups } from './cgroups.ts';
import { containerdSocket, kubeconfigOf, type Lab, type LabNode, nodeData, nodeRun } from './lab.ts';
import { buildNodeConfig, nodeConfigFolder } from './node-config.ts';
import { startDaemon, waitFor } from './processes.ts';
import type { Programs } from './programs.ts';
import { succeeds } from './shell.ts';

/** Starts containerd and waits until it answers. */
export async function startRuntime(lab: Lab, programs: Programs, node: LabNode): Promise<void> {
  for (const folder of [nodeRun(lab, node), nodeData(lab, node)]) await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(buildNodeConfig(lab, programs, node))) {
    const file = join(nodeConfigFolder(lab, node), name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  await startDaemon(lab, programs, node, {
    name: `containerd-${node.name}`,
    program: 'containerd',
    args: ['-c', join(nodeConfigFolder(lab, node), 'containerd.toml')],
  });
  const ctr = ['-a', containerdSocket(lab, node), 'version'];
  await waitFor('containerd', () => succeeds(join(programs.kube, 'ctr'), ctr));
}

/** Starts the kubelet and kube-proxy; the API server must answer by now. */
export async function startKubelet(lab: Lab, programs: Programs, node: LabNode): Promise<void> {
  await createCgroups(node);
  const config = nodeConfigFolder(lab, node);
  const data = join(nodeData(lab, node), 'kubelet');
  await startDaemon(lab, programs, node, {
    name: `kubelet-${node.name}`,
    program: 'kubelet',
    args: [
      `--config=${join(config, 'kubelet.yaml')}`,
      `--kubeconfig=${kubeconfigOf(lab, `kubelet-${node.name}`)}`,
      `--hostname-override=${node.name}`,
      `--node-ip=${node.ip},${node.ip6}`,
      `--root-dir=${data}`,
      `--cert-dir=${join(data, 'pki')}`,
    ],
  });
  await startDaemon(lab, programs, node, {
    name: `kube-proxy-${node.name}`,
    program: 'kube-proxy',
    args: [`--config=${join(config, 'kube-proxy.yaml')}`],
  });
}
