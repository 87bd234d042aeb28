// Configuration files of a node: containerd, its CNI network, kubelet, kube-proxy. Pure: the lab's layout in, texts out.
// JSON where the program reads YAML, since every YAML parser reads JSON.

import { join } from 'node:path';
import {
  containerdSocket,
  DNS_SERVICE_IP,
  kubeconfigOf,
  type Lab,
  type LabNode,
  nodeData,
  nodeRun,
  POD_CIDR,
  POD_CIDR6,
} from './lab.ts';
import type { Programs } from './programs.ts';

export const PAUSE_IMAGE = 'lab.local/pause:1';

/** File names below the node's configuration folder, and their contents. */
export function buildNodeConfig(lab: Lab, programs: Programs, node: LabNode): Record<string, string> {
  return {
    'containerd.toml': containerdToml(lab, programs, node),
    'cni/10-lab.conflist': JSON.stringify(cniNetwork(lab, node)),
    'kubelet.yaml': JSON.stringify(kubeletConfiguration(lab, node), undefined, 2),
    'kube-proxy.yaml': JSON.stringify(kubeProxyConfiguration(lab, node), undefined, 2),
    'resolv.conf': 'nameserver 127.0.0.1\n',
  };
}

export const nodeConfigFolder = (lab: Lab, node: LabNode): string => join(lab.folders.config, node.name);

function containerdToml(lab: Lab, programs: Programs, node: LabNode): string {
  const socket = containerdSocket(lab, node);
  return `version = 3
root = "${join(nodeData(lab, node), 'containerd')}"
state = "${join(nodeRun(lab, node), 'containerd')}"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.differ.v1.erofs", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true # root may lack CAP_SYS_RESOURCE
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${join(programs.kube, 'cni')}"]
    conf_dir = "${join(nodeConfigFolder(lab, node), 'cni')}"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      runtime_path = "${join(programs.kube, 'containerd-shim-runc-v2')}"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "${join(programs.debian, 'runc/usr/sbin/runc')}"
        Root = "${join(nodeRun(lab, node), 'runc')}"
        SystemdCgroup = false
`;
}

function cniNetwork(lab: Lab, node: LabNode): object {
  const ipam = {
    type: 'host-local',
    dataDir: join(nodeRun(lab, node), 'cni'),
    ranges: [[{ subnet: node.podCidr }], [{ subnet: node.podCidr6 }]],
  };
  const bridge = { type: 'bridge', bridge: 'pods', isGateway: true, isDefaultGateway: true, hairpinMode: true };
  return {
    cniVersion: '1.0.0',
    name: 'lab',
    plugins: [
      { ...bridge, ipMasq: false, mtu: 1500, ipam },
      { type: 'portmap', capabilities: { portMappings: true }, backend: 'nftables' },
    ],
  };
}

function kubeletConfiguration(lab: Lab, node: LabNode): object {
  const pki = (file: string) => join(lab.folders.pki, file);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: node.ip,
    healthzBindAddress: '127.0.0.1',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki(`kubelet-${node.name}-serving.crt`),
    tlsPrivateKeyFile: pki(`kubelet-${node.name}-serving.key`),
    containerRuntimeEndpoint: `unix://${containerdSocket(lab, node)}`,
    clusterDNS: [DNS_SERVICE_IP],
    clusterDomain: 'cluster.local',
    resolvConf: join(nodeConfigFolder(lab, node), 'resolv.conf'),
    // For machines with cgroup v1.
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${node.netns}`,
    failSwapOn: false,
    // No registry could give a deleted image back.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    podLogsDir: join(nodeData(lab, node), 'pod-logs'),
    volumePluginDir: join(nodeData(lab, node), 'volume-plugins'),
    serializeImagePulls: false,
    kubeAPIQPS: 500,
    kubeAPIBurst: 1000,
  };
}

function kubeProxyConfiguration(lab: Lab, node: LabNode): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig: kubeconfigOf(lab, 'proxy') },
    clusterCIDR: `${POD_CIDR},${POD_CIDR6}`,
    hostnameOverride: node.name,
    bindAddress: node.ip,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    nodePortAddresses: [`${node.ip}/32`],
    // Zero leaves the kernel's own value, which is the whole machine's.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}
