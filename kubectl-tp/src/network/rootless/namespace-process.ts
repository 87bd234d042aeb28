// The process inside of a command's namespaces: sets the network up, offers its descriptors, runs the command, and ends
// with it. Moves no packets: another process takes the descriptors for that, and may take them again after a crash.

import { spawn } from 'node:child_process';
import { describeError } from '../../errors.ts';
import { passSignals, toExitCode } from '../../pass-signals.ts';
import { endProcesses } from './end-processes.ts';
import { layFiles } from './lay-files.ts';
import type { FromInside, PrivateFiles, RunMessage, SetupMessage, ToInside } from './messages.ts';
import { mountLiveVolumes } from './mount-live-volumes.ts';
import { namespaceFailed } from './namespace-failed.ts';
import { offerSockets } from './offer-sockets.ts';
import { openListener } from './open-listener.ts';
import { mountPrivateFiles } from './private-files.ts';
import { setupInterface } from './setup-interface.ts';

/** What shells say of a command that they cannot start. */
const NOT_STARTED = 127;

export function runNamespaceProcess(): void {
  process.on('message', (message: ToInside) => {
    if (message.kind === 'setup') process.send?.(setUp(message));
    else if (message.kind === 'mount') void mount(message.files);
    else run(message);
  });
  // Without the CLI nobody waits for the command, and nobody else would end it. The kernel's own signal at a parent's
  // death could only end this process, not those that the command has started.
  process.on('disconnect', () => endAll('SIGKILL', 1));
}

function setUp({ addresses, resolvConf }: SetupMessage): FromInside {
  try {
    const tun = setupInterface(addresses);
    mountPrivateFiles(resolvConf);
    const descriptors = { pid: process.pid, tun, listener: openListener(), sockets: offerSockets() };
    return { kind: 'ready', descriptors };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return { kind: 'failed', error: describeError(namespaceFailed(why, cause)) };
  }
}

/** What can't be mounted is not laid either, unless there is a copy: nobody writes into that, as it is lost. */
async function mount(files: PrivateFiles): Promise<void> {
  const { live, writable = [] } = files;
  const failed = live === undefined ? [] : await mountLiveVolumes(files.root, live);
  const copied = (live?.folders ?? []).filter(({ isCopied }) => isCopied).map(({ mount: { path } }) => absolute(path));
  const isMounted = (path: string) => !failed.some((one) => one.path === path);
  const gone = failed.filter(({ path }) => !copied.includes(path));
  const laid = layFiles({
    ...files,
    paths: files.paths.filter((path) => isMounted(path) || copied.includes(path)),
    writable: writable.filter(isMounted),
  });
  const missing = [...gone.map(({ path, why }) => `${path}: ${why}`), ...laid];
  process.send?.({ kind: 'mounted', missing, live: copied.filter(isMounted) } satisfies FromInside);
}

const absolute = (path: readonly string[]): string => `/${path.join('/')}`;

function run({ command: [program = '', ...parameters], environment }: RunMessage): void {
  const child = spawn(program, parameters, { stdio: 'inherit', env: environment });
  passSignals(child);
  child.once('error', (error) => {
    console.error(`${program} can't be started: ${error.message}`);
    endAll('SIGTERM', NOT_STARTED);
  });
  child.once('exit', (code, signal) => endAll('SIGTERM', toExitCode(code, signal)));
}

/** The network ends with this process: what else runs in it is not left behind without one. */
function endAll(signal: NodeJS.Signals, exitCode: number): void {
  endProcesses(signal);
  process.exit(exitCode);
}
