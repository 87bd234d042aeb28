import test from 'ava';
import { type Machine, missingRequirements } from '../../../lab/requirements.ts';

const fit: Machine = {
  platform: 'linux',
  arch: 'x64',
  capabilities: '000001ffffffffff',
  filesystems: 'nodev\toverlay\n\text4\n',
  hasIpv6: true,
  hasCommand: () => true,
  hasPip: true,
};

const lacks = test.macro({
  exec: (t, machine: Partial<Machine>, missing: string[]) => {
    t.deepEqual(missingRequirements({ ...fit, ...machine }), missing);
  },
  title: (_, machine, missing: string[]) => `${JSON.stringify(machine)} lacks ${missing.join(' and ') || 'nothing'}`,
});

test(lacks, {}, []);
test(lacks, { capabilities: '0' }, ['CAP_SYS_ADMIN (run it as root)', 'CAP_NET_ADMIN (run it as root)']);
test(lacks, { capabilities: (1n << 21n).toString(16) }, ['CAP_NET_ADMIN (run it as root)']);
test(lacks, { filesystems: '\text4\n' }, ['overlayfs in the kernel']);
test(lacks, { hasIpv6: false }, ['IPv6 in the kernel (its network has both versions)']);
test(lacks, { hasPip: false }, ['pip for python3 (it fetches Envoy)']);
test(lacks, { platform: 'darwin', capabilities: '0' }, ['Linux on x86-64']);

test('names each command that is not there', (t) => {
  t.deepEqual(missingRequirements({ ...fit, hasCommand: (name) => name !== 'ip' }), ['the command "ip"']);
});
