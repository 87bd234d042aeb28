// One sshfs process, which has one folder of a pod mounted on this laptop for as long as its standard input is open.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../../find-program.ts';
import { realFolder } from '../real-folder.ts';
import { mountedBelow, unmountBelow } from './mounted-below.ts';

export type Sshfs = {
  readonly requests: Readable;
  readonly answers: Writable;
  /** Resolves when it is mounted; throws with what sshfs says when it can't be. */
  readonly mounted: Promise<void>;
  /** Resolves when nothing is mounted any more. */
  close(): Promise<void>;
};

type Options = {
  readonly folder: string;
  /** What the volume server calls it. */
  readonly exported: string;
  readonly isReadOnly: boolean;
};

const MOUNT_TIMEOUT_MS = 10_000;
const LOOK_MS = 10;
const MAX_SAID_BYTES = 2000;

/**
 * `passive`: it speaks SFTP on its standard input and output, so that no port of the laptop is open. Changes in the pod
 * show after a second. Nothing of a pod is run, and whose its files are is said to be who mounts: uids of a container
 * mean nothing here.
 */
function options({ isReadOnly }: Options): string {
  const cached = ['dcache_timeout=1', 'dcache_stat_timeout=1', 'dcache_dir_timeout=1', 'dcache_link_timeout=1'];
  const owner = [`uid=${process.getuid?.()}`, `gid=${process.getgid?.()}`];
  const all = ['passive', 'fsname=kubectl-tp', 'noexec', 'nosuid', 'nodev', ...owner, ...cached];
  return [...all, ...(isReadOnly ? ['ro'] : [])].join(',');
}

/** Undefined where mounts can be tried; else why not, as words that follow a colon. */
export async function whyNoSshfs(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (process.platform !== 'linux') return `live mounts need Linux, this is ${process.platform}`;
  if ((await findProgram('sshfs', env)) === undefined) return 'the program sshfs is not on this machine';
  return undefined;
}

export function startSshfs(wish: Options): Sshfs {
  const { folder, exported } = wish;
  const parameters = ['-f', `pod:${exported}`, folder, '-o', options(wish)];
  // Ctrl-C at a terminal is for the command that uses the files.
  const child = spawn('sshfs', parameters, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let said = '';
  child.stderr.on('data', (text) => {
    if (said.length < MAX_SAID_BYTES) said += text;
  });
  const ended = whenEnded(child);
  const mounted = waitMounted();
  mounted.catch(() => undefined);
  return {
    requests: child.stdout,
    answers: child.stdin,
    mounted,
    async close() {
      await unmountBelow(folder);
      child.kill('SIGTERM');
      await ended;
    },
  };

  async function waitMounted(): Promise<void> {
    const deadline = Date.now() + MOUNT_TIMEOUT_MS;
    const real = await realFolder(folder);
    while (!(await mountedBelow(folder)).includes(real)) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
        throw new Error(reason(said));
      if (Date.now() > deadline) throw new Error(`sshfs does not mount within ${MOUNT_TIMEOUT_MS / 1000} s`);
      await delay(LOOK_MS);
    }
  }
}

async function whenEnded(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<void> {
  // A program that can't be started ends with this event alone.
  await Promise.race([once(child, 'exit'), new Promise((resolve) => child.once('error', resolve))]);
}

function reason(said: string): string {
  const line = said.trim().split('\n').at(-1) ?? '';
  return line === '' ? 'sshfs ends without a word' : line;
}
