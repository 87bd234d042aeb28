// Whether this machine can be a Kubernetes node. Says what is missing in one sentence, before anything is changed.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { LabError } from './errors.ts';

const CAP_NET_ADMIN = 12;
const CAP_SYS_ADMIN = 21;
const COMMANDS = ['ip', 'nsenter', 'tar', 'mount', 'umount', 'dpkg', 'apt-get', 'python3', 'bash', 'go'];

export type Machine = {
  readonly platform: string;
  readonly arch: string;
  /** Effective capabilities as the kernel prints them: a hexadecimal mask. */
  readonly capabilities: string;
  readonly filesystems: string;
  readonly hasIpv6: boolean;
  readonly hasCommand: (name: string) => boolean;
  readonly hasPip: boolean;
};

/** What the machine lacks, in words that follow "The lab needs". */
export function missingRequirements(machine: Machine): string[] {
  if (machine.platform !== 'linux' || machine.arch !== 'x64') return ['Linux on x86-64'];
  const mask = BigInt(`0x${machine.capabilities}`);
  const lacks = (capability: number) => (mask & (1n << BigInt(capability))) === 0n;
  return [
    ...(lacks(CAP_SYS_ADMIN) ? ['CAP_SYS_ADMIN (run it as root)'] : []),
    ...(lacks(CAP_NET_ADMIN) ? ['CAP_NET_ADMIN (run it as root)'] : []),
    ...(/\boverlay\b/.test(machine.filesystems) ? [] : ['overlayfs in the kernel']),
    ...(machine.hasIpv6 ? [] : ['IPv6 in the kernel (its network has both versions)']),
    ...COMMANDS.filter((name) => !machine.hasCommand(name)).map((name) => `the command "${name}"`),
    ...(machine.hasPip ? [] : ['pip for python3 (it fetches Envoy)']),
  ];
}

export function assertMachineFits(): void {
  const missing = missingRequirements(thisMachine());
  if (missing.length === 0) return;
  throw new LabError('LAB_MACHINE_UNFIT', `The lab needs ${missing.join(', ')}, which this machine does not have.`, {
    hint: 'With a cluster of your own (kind, minikube, k3d, any): set TP_CONTEXT to its kubeconfig context.',
  });
}

function thisMachine(): Machine {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : '';
  return {
    platform: process.platform,
    arch: process.arch,
    capabilities: status.match(/^CapEff:\s*([0-9a-f]+)/m)?.[1] ?? '0',
    filesystems: process.platform === 'linux' ? readFileSync('/proc/filesystems', 'utf8') : '',
    hasIpv6: existsSync('/proc/net/if_inet6'),
    hasCommand: (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0,
    hasPip: spawnSync('python3', ['-c', 'import pip']).status === 0,
  };
}
