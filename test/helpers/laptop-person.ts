// A person at a laptop, who types into a shell: an ordinary user of a machine with a network of its own, with `sudo` and
// a kubeconfig. The cluster's API server is all that the laptop reaches of this machine.

import { once } from 'node:events';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import type { SessionReport } from '../../kubectl-tp/src/ipc/report-messages.ts';
import { kubeFolder, nameProgramsFolder } from '../../lab/programs.ts';
import type { User } from '../../lab/users.ts';
import type { LabCluster } from './lab.ts';
import { API_NAME, type LaptopNamespace, openLaptopNamespace, ROUTER } from './laptop-namespace.ts';
import { AS_ORDINARY_USER, collectOutput, type Ended, ORDINARY_ID } from './processes.ts';
import { parseStatus } from './tp.ts';

const PROGRAM = fileURLToPath(new URL('../../kubectl-tp/src/main.ts', import.meta.url));
const ROUTER_PROGRAM = fileURLToPath(new URL('./laptop-router.ts', import.meta.url));
const COMMAND_TIMEOUT_MS = 60_000;

export type LaptopPerson = Pick<LaptopNamespace, 'run'> & {
  readonly home: string;
  /** What they type, to its end. */
  type(line: string): Promise<Ended>;
  /** Standard output; a failure throws with what was printed. */
  typeOk(line: string): Promise<string>;
  /** What their session process says of itself; throws when none runs. */
  status(): Promise<SessionReport>;
  /** Everything that a network on the laptop may change, and the processes. */
  snapshot(): Promise<string>;
};

/** The laptop, and all that runs there, ends with the test. */
export async function createLaptopPerson(t: ExecutionContext, cluster: LabCluster, user: User): Promise<LaptopPerson> {
  const laptop = await openLaptopNamespace(t, { nameServer: ROUTER, ownProcesses: true });
  const home = await mkdtemp(join(tmpdir(), 'tp-laptop-'));
  const server = await startRouter(t, laptop, await apiServerOf(cluster, user));
  await furnish(laptop, { home, kubeconfig: await kubeconfigAt(cluster, user, server) });
  const env = { PATH: '/run/bin:/usr/local/bin:/usr/bin:/bin', HOME: home, XDG_RUNTIME_DIR: home, USER: user };

  async function type(line: string): Promise<Ended> {
    const child = laptop.spawn([...AS_ORDINARY_USER, 'sh', '-c', line], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const limit = setTimeout(() => child.kill('SIGKILL'), COMMAND_TIMEOUT_MS);
    const ended = await collectOutput(child).ended;
    clearTimeout(limit);
    return ended;
  }

  async function typeOk(line: string): Promise<string> {
    const { code, stdout, stderr } = await type(line);
    if (code !== 0) throw new Error(`"${line}" ended with ${code}:\n${stderr}${stdout}`);
    return stdout;
  }

  t.teardown(async () => {
    await type('kubectl tp quit');
    await rm(home, { recursive: true, force: true });
  });
  return {
    run: laptop.run,
    home,
    type,
    typeOk,
    status: async () => parseStatus(await typeOk('kubectl tp status -o json')),
    snapshot: async () => (await laptop.snapshot()) + (await laptop.run('sh', '-c', PROCESSES)),
  };
}

type ApiServer = { readonly url: URL; readonly name: string };

async function apiServerOf(cluster: LabCluster, user: User): Promise<ApiServer> {
  const config = JSON.parse(await cluster.kubectl(['config', 'view', '--minify', '-o', 'json'], { user }));
  const { server, 'tls-server-name': name } = config.clusters[0].cluster;
  const url = new URL(server);
  return { url, name: name ?? url.hostname };
}

async function startRouter(t: ExecutionContext, laptop: LaptopNamespace, api: ApiServer): Promise<ApiServer> {
  const router = laptop.spawnAtRouter([process.execPath, ROUTER_PROGRAM], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(router, 'exit').then(() => Promise.reject(new Error('the router has ended')));
  const [, server] = (await Promise.race([once(router, 'message'), ended])) as [string, Server];
  ended.catch(() => undefined);
  server.on('connection', (socket) => passOn(socket, api.url));
  t.teardown(() => {
    server.close();
    router.disconnect();
  });
  return { ...api, url: new URL(`https://${API_NAME}:443`) };
}

function passOn(socket: Socket, { hostname, port }: URL): void {
  const onward = connect({ host: hostname, port: Number(port || 443) });
  for (const [end, other] of [
    [socket, onward],
    [onward, socket],
  ] as const) {
    end
      .on('error', () => other.destroy())
      .on('close', () => other.destroy())
      .pipe(other);
  }
}

async function kubeconfigAt(cluster: LabCluster, user: User, { url, name }: ApiServer): Promise<string> {
  const view = ['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'];
  const config = JSON.parse(await cluster.kubectl(view, { user }));
  Object.assign(config.clusters[0].cluster, { server: url.origin, 'tls-server-name': name });
  return JSON.stringify(config);
}

/** Programs that laptops have, in the laptop's own memory. */
async function furnish(laptop: LaptopNamespace, { home, kubeconfig }: { home: string; kubeconfig: string }) {
  const [kube, names] = await Promise.all([kubeFolder(), nameProgramsFolder()]);
  const folder = join(home, '.kube');
  await mkdir(folder);
  await writeFile(join(folder, 'config'), kubeconfig, { mode: 0o600 });
  for (const path of [home, folder, join(folder, 'config')]) await chown(path, ORDINARY_ID, ORDINARY_ID);
  await laptop.run('sh', '-c', FURNISH, 'sh', kube, join(names, 'names'), process.execPath, PROGRAM);
}

/** `sudo` is in two parts: the first is root as soon as anybody starts it, as sudo is, and asks nobody. */
const FURNISH = `set -e
mkdir /run/bin /run/kube /run/names
mount --bind "$1" /run/kube
ln -s /run/kube/kubectl /run/bin/kubectl
mount --bind "$2" /run/names
libraries=$(printf '%s:' /run/names/usr/lib/*-gnu /run/names/lib/*-gnu)
printf '#!/bin/sh\\nLD_LIBRARY_PATH=%s exec /run/names/usr/bin/nslookup "$@"\\n' "$libraries" > /run/bin/nslookup
ln -s "$3" /run/bin/node
printf '#!/bin/sh\\nexec %s -- %s "$@"\\n' "$3" "$4" > /run/bin/kubectl-tp
cp "$(command -v setpriv)" /run/become-root && chmod 4755 /run/become-root
cat > /run/bin/sudo <<'END'
#!/bin/sh
[ "$1" != -- ] || shift
exec /run/become-root --reuid 0 --regid 0 --clear-groups -- env SUDO_UID="$(id -u)" "$@"
END
chmod 755 /run/bin/*`;

/** A line each, in the order of their numbers. */
const PROCESSES = `for process in /proc/[0-9]*; do tr '\\0\\n' '  ' < "$process/cmdline"; echo; done`;
