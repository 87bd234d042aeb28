// The whole laptop's network for tests, with loopback in the cluster's place: the session process's part, and the root
// helper, in a namespace that plays the laptop.

import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import type { LaptopReport } from '../../kubectl-tp/src/ipc/network-messages.ts';
import { HELPER_PROCESS_WORD } from '../../kubectl-tp/src/ipc/words.ts';
import { LOCK_PATH } from '../../kubectl-tp/src/network/helper/lock-holder.ts';
import type { HolderStart } from './laptop-holder.ts';
import { type LaptopNamespace, openLaptopNamespace, type ResolvConfKind } from './laptop-namespace.ts';
import { AS_ORDINARY_USER } from './processes.ts';
import { waitFor } from './wait-for.ts';

/** The laptop's own; the holder plays it. */
const LAPTOP_SERVER = '127.0.0.9';
const HOLDER = fileURLToPath(new URL('./laptop-holder.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('../../kubectl-tp/src/main.ts', import.meta.url));

export type Laptop = Pick<LaptopNamespace, 'spawnAtRouter'> & {
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
  /** With SIGKILL. Without the guard, that one puts the laptop in order. */
  killHelper(options?: { readonly withGuard: boolean }): Promise<void>;
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
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const laptop = await openLaptopNamespace(t, { resolvConf: kind, nameServer: LAPTOP_SERVER });
  const { run, snapshot } = laptop;
  const helperSocket = join(folder, 'root');

  async function helper(words: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<HelperRun> {
    const child = laptop.spawn([process.execPath, '--', MAIN, HELPER_PROCESS_WORD, ...words], {
      env: { ...process.env, ...env },
    });
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    return { code, stderr };
  }

  async function helperPid(): Promise<number> {
    const inode = (await run('stat', '-c', '%i', LOCK_PATH)).trim();
    const locks = await run('cat', '/proc/locks');
    return Number(new RegExp(`FLOCK .* (\\d+) \\S+:${inode} `).exec(locks)?.[1]);
  }

  return {
    run,
    spawnAtRouter: laptop.spawnAtRouter,
    helper,
    helperSocket,
    snapshot,
    helperPid,
    async killHelper({ withGuard } = { withGuard: false }) {
      const pid = await helperPid();
      const [guard] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').map(Number);
      if (withGuard && guard !== undefined) process.kill(guard, 'SIGKILL');
      process.kill(pid, 'SIGKILL');
    },
    hold(wishes = {}, helperEnv = {}) {
      const start: HolderStart = {
        helperSocket,
        ranges: ['10.96.0.0/16', 'fd00:96::/64'],
        ...wishes,
      };
      const child = laptop.spawn([...AS_ORDINARY_USER, process.execPath, HOLDER, JSON.stringify(start)]);
      t.teardown(() => void child.kill('SIGKILL'));
      const said: Record<string, unknown>[] = [];
      let rest = '';
      child.stderr?.on('data', (chunk) => t.log(String(chunk)));
      child.stdout?.on('data', (chunk) => {
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
        report: () => void child.stdin?.write('report\n'),
        end: () => void child.stdin?.end(),
        kill: () => void child.kill('SIGKILL'),
        ended,
      };
    },
  };
}
