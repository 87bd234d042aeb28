// Which lab is meant: its name, folders, addresses and nodes. Everything is derived from the name, so that two labs
// can run at once and every checkout on a machine finds the same one.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { LabError } from './errors.ts';
import { cacheFolder } from './paths.ts';

export const API_PORT = 16443;
export const POD_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/16';
/** IPv6 beside it: what asks for both gets both, everything else is of IPv4 alone. */
export const POD_CIDR6 = 'fd00:244::/56';
export const SERVICE_CIDR6 = 'fd00:96::/112';
/** The `kubernetes` Service always gets the first address of the range. */
export const API_SERVICE_IP = '10.96.0.1';
export const DNS_SERVICE_IP = '10.96.0.10';

export type LabNode = {
  readonly index: 1 | 2;
  readonly name: string;
  /** Network namespace, also the name of the node's root cgroup. */
  readonly netns: string;
  readonly ip: string;
  readonly podCidr: string;
  readonly ip6: string;
  readonly podCidr6: string;
};

export type Lab = {
  readonly name: string;
  /** `pki` and `log` outlive a stop. */
  readonly folders: {
    state: string;
    pki: string;
    users: string;
    config: string;
    log: string;
    run: string;
    data: string;
  };
  readonly apiIp: string;
  /** The machine itself in the nodes' network: it stands where a laptop stands. */
  readonly hostIp: string;
  /** The machine's end of the cable to the nodes' network. */
  readonly hostLink: string;
  readonly nodes: readonly [LabNode, LabNode];
};

export const DEFAULT_LAB_NAME = 'tp';

/** The lab that the environment names by `TP_LAB_NAME`, else the one called `tp`. */
export function currentLab(name = process.env.TP_LAB_NAME || DEFAULT_LAB_NAME): Lab {
  // Eight letters leave room for the suffixes of interface names, which the kernel limits to 15.
  if (!/^[a-z][a-z0-9]{0,7}$/.test(name)) {
    throw new LabError('LAB_USAGE', `"${name}" is no name for a lab.`, {
      hint: 'TP_LAB_NAME: up to 8 letters and digits.',
    });
  }
  const state = join(cacheFolder(), 'labs', name);
  const net = `10.250.${name === DEFAULT_LAB_NAME ? 0 : 1 + (hashByte(name) % 250)}`;
  return {
    name,
    folders: {
      state,
      pki: join(state, 'pki'),
      users: join(state, 'users'),
      config: join(state, 'config'),
      log: join(state, 'log'),
      run: join(state, 'run'),
      data: join(state, 'data'),
    },
    apiIp: `${net}.1`,
    hostIp: `${net}.254`,
    hostLink: `${name}-host`,
    nodes: [labNode(1, 'lab', `${name}-lab`, net), labNode(2, 'lab2', `${name}-lab2`, net)],
  };
}

export const kubeconfigOf = (lab: Lab, user: string): string => join(lab.folders.users, `${user}.kubeconfig`);
export const containerdSocket = (lab: Lab, node: LabNode): string => join(nodeRun(lab, node), 'containerd.sock');
export const nodeRun = (lab: Lab, node: LabNode): string => join(lab.folders.run, node.name);
export const nodeData = (lab: Lab, node: LabNode): string => join(lab.folders.data, node.name);

function labNode(index: 1 | 2, name: string, netns: string, net: string): LabNode {
  return {
    index,
    name,
    netns,
    ip: `${net}.${index}`,
    podCidr: `10.244.${index - 1}.0/24`,
    ip6: `fd00:250::${index}`,
    podCidr6: `fd00:244:0:${index - 1}::/64`,
  };
}

function hashByte(text: string): number {
  return createHash('sha256').update(text).digest().readUInt8(0);
}
