// A laptop for tests, played by a network and a mount namespace: an interface to a router with a default route, a
// resolv.conf, /run and /dev/net/tun of its own. The machine stays as it is.

import { type ChildProcess, execFile, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';

/** The other end of the laptop's interface: in a namespace of its own, from which nothing leads on. */
export const ROUTER = '192.168.7.1';
/** Both are the router, whose name server knows them. */
export const OUTSIDE_NAME = 'www.outside.test';
export const API_NAME = 'api.outside.test';
const ROUTER_NAMESPACE = '/run/netns/router';

/** How /etc/resolv.conf is there: as a file that can be replaced, as a link, or as containers mount it. */
export type ResolvConfKind = 'file' | 'link' | 'mounted';

export type LaptopOptions = {
  readonly resolvConf?: ResolvConfKind;
  /** Whom its programs ask for names. */
  readonly nameServer: string;
  /** It sees no other processes than those started there, and they end with it. */
  readonly ownProcesses?: boolean;
};

export type LaptopNamespace = {
  /** Starts a program there, as root. */
  spawn(command: readonly string[], options?: { env?: NodeJS.ProcessEnv; stdio?: StdioOptions }): ChildProcess;
  /** Starts one at the router. */
  spawnAtRouter(command: readonly string[], options?: { stdio?: StdioOptions }): ChildProcess;
  /** Runs a program there, as root, to its end; gives its standard output. */
  run(...command: string[]): Promise<string>;
  /** Everything that a network on it may change. */
  snapshot(): Promise<string>;
};

/** Ends with the test. */
export async function openLaptopNamespace(t: ExecutionContext, options: LaptopOptions): Promise<LaptopNamespace> {
  const { ownProcesses = false } = options;
  const processes = ownProcesses ? ['--pid', '--fork', '--kill-child', '--mount-proc'] : [];
  const init = spawn('unshare', ['--net', '--mount', ...processes, '--', 'sh', '-c', setUp(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    if (!init.kill('SIGKILL')) return;
    await once(init, 'exit');
  });
  await Promise.race([
    once(init.stdout, 'data'),
    once(init, 'exit').then(() => Promise.reject(new Error('the namespace of the laptop was not set up'))),
  ]);
  const pid = ownProcesses ? await onlyChild(init.pid) : `${init.pid}`;
  const inside = ['--target', pid, '--net', '--mount', ...(ownProcesses ? ['--pid'] : []), '--'];
  return {
    spawn: (command, { env = process.env, stdio = 'pipe' } = {}) =>
      spawn('nsenter', [...inside, ...command], { stdio, env }),
    spawnAtRouter: (command, { stdio = 'pipe' } = {}) =>
      spawn('nsenter', [...inside, 'nsenter', `--net=${ROUTER_NAMESPACE}`, '--', ...command], { stdio }),
    async run(...command) {
      return (await promisify(execFile)('nsenter', [...inside, ...command])).stdout;
    },
    async snapshot() {
      return (await promisify(execFile)('nsenter', [...inside, 'sh', '-c', SNAPSHOT])).stdout;
    },
  };
}

async function onlyChild(pid: number | undefined): Promise<string> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
}

const RESOLV_CONF: Readonly<Record<ResolvConfKind, string>> = {
  file: 'mv /run/own /etc/resolv.conf',
  link: 'mkdir /run/manager && mv /run/own /run/manager/resolv.conf && ln -s ../run/manager/resolv.conf /etc/resolv.conf',
  mounted: 'touch /etc/resolv.conf && mount --bind /run/own /etc/resolv.conf',
};

const setUp = ({ resolvConf = 'file', nameServer, ownProcesses }: LaptopOptions) => `set -e
etc=$(mktemp -d) && cp -a /etc/. "$etc"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/etc && cp -a "$etc/." /run/etc && rm -r "$etc" && mount --bind /run/etc /etc
cat > /run/own <<END
# the laptop's own
nameserver ${nameServer}
search lan.test
options timeout:2
END
rm -f /etc/resolv.conf
${RESOLV_CONF[resolvConf]}
mount -t tmpfs -o mode=755 tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
ip link set lo up
# Addresses are there at once.
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
ip netns add router
ip link add lan0 type veth peer name lan1 netns router
ip -netns router address add ${ROUTER}/24 dev lan1
ip -netns router link set lan1 up
ip address add 192.168.7.2/24 dev lan0
ip link set lan0 up
ip route add default via ${ROUTER}
ip route add 172.21.0.0/16 dev lan0
echo ready
# The first process of a laptop waits for all that are left to it.
${ownProcesses ? 'sleep infinity & wait' : 'exec sleep infinity'}`;

/** All but what the kernel counts. */
const SNAPSHOT = `ip -o link; ip -o address; ip route show table all; ip -6 route show table all
ip rule; ls -la --full-time /etc/ | grep resolv; cat /etc/resolv.conf; stat -c '%i %a %s %Y' /etc/resolv.conf
ls -R /run | grep -v '^/run/etc' | grep -i -e tp -e kubectl || true`;
