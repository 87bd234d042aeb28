// The lab's network: one namespace per node, a bridge that joins them and the machine. The machine reaches the API
// server but no pod and no Service, as a laptop does.

import { existsSync } from 'node:fs';
import { LabError } from './errors.ts';
import { type Lab, type LabNode, POD_CIDR, SERVICE_CIDR, SERVICE_CIDR6 } from './lab.ts';
import { capture, succeeds } from './shell.ts';

export const netnsExists = (node: LabNode): boolean => existsSync(`/run/netns/${node.netns}`);

/** Creates the first node's namespace and the cable between it and the machine. */
export async function createNetwork(lab: Lab): Promise<void> {
  const [node] = lab.nodes;
  await ip('netns', 'add', node.netns);
  await ipBatch(node, [
    'link set lo up',
    'link add nodes type bridge',
    `addr add ${node.ip}/24 dev nodes`,
    `addr add ${node.ip6}/64 dev nodes nodad`,
    'link set nodes up',
    // Without a route the node itself gets ENETUNREACH for a Service before kube-proxy's rules are asked.
    `route add ${SERVICE_CIDR} dev nodes`,
    `route add ${SERVICE_CIDR6} dev nodes`,
  ]);
  await forwardPackets(node);
  await ip('link', 'add', lab.hostLink, 'type', 'veth', 'peer', 'name', 'machine', 'netns', node.netns);
  await ipBatch(node, ['link set machine up master nodes']);
  await ip('addr', 'add', `${lab.hostIp}/24`, 'dev', lab.hostLink);
  await ip('link', 'set', lab.hostLink, 'up');
  // What is meant for a pod must not leave by the machine's default route.
  for (const cidr of [POD_CIDR, SERVICE_CIDR]) await ip('route', 'replace', 'unreachable', cidr);
}

/** Joins a further node's namespace to the bridge, with routes between the pods of both nodes. */
export async function joinNetwork(lab: Lab, node: LabNode): Promise<void> {
  const [first] = lab.nodes;
  const cable = `to-${node.name}`;
  await ip('netns', 'add', node.netns);
  await ip('link', 'add', 'nodes', 'netns', node.netns, 'type', 'veth', 'peer', 'name', cable, 'netns', first.netns);
  await ipBatch(first, [`link set ${cable} up master nodes`]);
  await ipBatch(node, [
    'link set lo up',
    `addr add ${node.ip}/24 dev nodes`,
    `addr add ${node.ip6}/64 dev nodes nodad`,
    'link set nodes up',
    `route add ${SERVICE_CIDR} dev nodes`,
    `route add ${SERVICE_CIDR6} dev nodes`,
    `route add ${first.podCidr} via ${first.ip}`,
    `route add ${first.podCidr6} via ${first.ip6}`,
  ]);
  await forwardPackets(node);
  await ipBatch(first, [`route add ${node.podCidr} via ${node.ip}`, `route add ${node.podCidr6} via ${node.ip6}`]);
}

/** Removes whatever of the network is there. */
export async function removeNetwork(lab: Lab): Promise<void> {
  await succeeds('ip', ['link', 'del', lab.hostLink]);
  for (const node of lab.nodes) await succeeds('ip', ['netns', 'del', node.netns]);
  // The unreachable routes serve every lab on the machine.
  const others = await capture('ip', ['-o', 'link', 'show', 'type', 'veth']);
  if (/-host@/.test(others)) return;
  for (const cidr of [POD_CIDR, SERVICE_CIDR]) await succeeds('ip', ['route', 'del', 'unreachable', cidr]);
}

/** Command line that runs a program in a node's network. */
export const inNode = (node: LabNode, ...command: string[]): string[] => [
  'nsenter',
  `--net=/run/netns/${node.netns}`,
  '--',
  ...command,
];

async function ip(...args: string[]): Promise<void> {
  await capture('ip', args);
}

async function ipBatch(node: LabNode, lines: readonly string[]): Promise<void> {
  await capture('ip', ['-netns', node.netns, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function forwardPackets(node: LabNode): Promise<void> {
  const [command = '', ...args] = inNode(
    node,
    'sh',
    '-c',
    'echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
  );
  if (!(await succeeds(command, args))) {
    throw new LabError('LAB_MACHINE_UNFIT', 'The lab cannot switch on packet forwarding in its network namespace.');
  }
}
