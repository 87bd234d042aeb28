// A laptop for tests, played by a network and a mount namespace: an interface with a default route, a resolv.conf, /run
// and /dev/net/tun of its own. The machine stays as it is.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { LOCK_PATH } from '../../kubectl-tp/src/network/helper/lock-holder.ts';
import type { LaptopReport } from '../../kubectl-tp/src/session/api.ts';
import { HELPER_PROCESS_WORD } from '../../kubectl-tp/src/session/words.ts';
import type { HolderStart } from './laptop-holder.ts';
import { waitFor } from './wait-for.ts';

export const ORDINARY_ID = 65_534;
const HOLDER = fileURLToPath(new URL('./laptop-holder.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('../../kubectl-tp/src/main.ts', import.meta.url));

/** How /etc/resolv.conf is there: as a file that can be replaced, as a link, or as containers mount it. */
export type ResolvConfKind = 'file' | 'link' | 'mounted';

const RESOLV_CONF: Readonly<Record<ResolvConfKind, string>> = {
  file: 'mv /run/own /etc/resolv.conf',
  link: 'mkdir /run/manager && mv /run/own /run/manager/resolv.conf && ln -s ../run/manager/resolv.conf /etc/resolv.conf',
  mounted: 'touch /etc/resolv.conf && mount --bind /run/own /etc/resolv.conf',
};

const setUp = (kind: ResolvConfKind) => `set -e
etc=$(mktemp -d) && cp -a /etc/. "$etc"
mount -t tmpfs tmpfs /run
mkdir /run/etc && cp -a "$etc/." /run/etc && rm -r "$etc" && mount --bind /run/etc /etc
cat > /run/own <<END
# the laptop's own
nameserver 127.0.0.9
search lan.test
options timeout:2
END
rm -f /etc/resolv.conf
${RESOLV_CONF[kind]}
mount -t tmpfs -o mode=755 tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
ip link set lo up
# Addresses are there at once.
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
ip link add lan0 type veth peer name lan1
ip address add 192.168.7.2/24 dev lan0
ip link set lan0 up
ip link set lan1 up
ip route add default via 192.168.7.1
ip route add 172.21.0.0/16 dev lan0
echo ready
exec sleep infinity`;

export type Laptop = {
  /** Runs a program there, as root, to its end; gives its standard output. */
  run(...command: string[]): Promise<string>;
  /** Everything that a network on it may change. */
  snapshot(): Promise<string>;
  /** The session process's part, by an ordinary user. The helper is started when it asks for one. */
  hold(wishes?: Partial<HolderStart>, helperEnv?: NodeJS.ProcessEnv): Holder;
  /** The root helper's program, to its end in front of the terminal. No word: it repairs. */
  helper(words?: readonly string[], env?: NodeJS.ProcessEnv): Promise<HelperRun>;
  /** Where session processes of tests wait for their helper. */
  readonly helperSocket: string;
  /** Process id of the helper in the background. */
  helperPid(): Promise<number>;
};

export type HelperRun = { readonly code: number; readonly stderr: string };

export type Holder = {
  readonly pid: number;
  ready(): Promise<LaptopReport>;
  /** Everything that it has said, and how the helper started. */
  said(): readonly Readonly<Record<string, unknown>>[];
  report(): void;
  end(): void;
  kill(): void;
  readonly ended: Promise<void>;
};

export async function startLaptop(t: ExecutionContext, kind: ResolvConfKind = 'file'): Promise<Laptop> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-laptop-'));
  await chmod(folder, 0o777);
  const init = spawn('unshare', ['--net', '--mount', '--', 'sh', '-c', setUp(kind)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    init.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  await Promise.race([
    once(init.stdout, 'data'),
    once(init, 'exit').then(() => Promise.reject(new Error('the namespace of the laptop was not set up'))),
  ]);
  const inside = ['nsenter', '--target', `${init.pid}`, '--net', '--mount', '--'];

  const helperSocket = join(folder, 'root');

  function spawnInside(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const [program = '', ...words] = [...inside, ...command];
    return spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], env });
  }

  async function run(...command: string[]): Promise<string> {
    const [program = '', ...words] = [...inside, ...command];
    return (await promisify(execFile)(program, words)).stdout;
  }

  async function helper(words: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<HelperRun> {
    const child = spawnInside([process.execPath, '--', MAIN, HELPER_PROCESS_WORD, ...words], {
      ...process.env,
      ...env,
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    return { code, stderr };
  }

  return {
    run,
    helper,
    helperSocket,
    snapshot: () => run('sh', '-c', SNAPSHOT),
    async helperPid() {
      const inode = (await run('stat', '-c', '%i', LOCK_PATH)).trim();
      const locks = await run('cat', '/proc/locks');
      return Number(new RegExp(`FLOCK .* (\\d+) \\S+:${inode} `).exec(locks)?.[1]);
    },
    hold(wishes = {}, helperEnv = {}) {
      const start: HolderStart = {
        helperSocket,
        ranges: ['10.96.0.0/16', 'fd00:96::/64'],
        ...wishes,
      };
      const user = ['setpriv', '--reuid', `${ORDINARY_ID}`, '--regid', `${ORDINARY_ID}`, '--clear-groups', '--'];
      const child = spawnInside([...user, process.execPath, HOLDER, JSON.stringify(start)]);
      t.teardown(() => void child.kill('SIGKILL'));
      const said: Record<string, unknown>[] = [];
      let rest = '';
      child.stderr.on('data', (chunk) => t.log(String(chunk)));
      child.stdout.on('data', (chunk) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = JSON.parse(line);
          said.push(event);
          if ('startHelper' in event) void helper([event.startHelper], helperEnv).then((start) => said.push({ start }));
        }
      });
      const ended = once(child, 'close').then(() => undefined);
      return {
        pid: child.pid ?? 0,
        ready: () =>
          waitFor('the network of the laptop', () => {
            if (said.some((event) => 'failed' in event)) throw new Error(JSON.stringify(said));
            return said.find((event) => 'ready' in event)?.ready as LaptopReport | undefined;
          }),
        said: () => said,
        report: () => void child.stdin.write('report\n'),
        end: () => void child.stdin.end(),
        kill: () => void child.kill('SIGKILL'),
        ended,
      };
    },
  };
}

/** All but what the kernel counts. */
const SNAPSHOT = `ip -o link; ip -o address; ip route show table all; ip -6 route show table all
ip rule; ls -la --full-time /etc/ | grep resolv; cat /etc/resolv.conf; stat -c '%i %a %s %Y' /etc/resolv.conf
ls -R /run | grep -v '^/run/etc' | grep -i -e tp -e kubectl || true`;
