// Runs a command in a network of its own, without root: the CLI's part, which has the terminal. Packets are moved by
// whoever takes the descriptors.

import { type ChildProcess, spawn } from 'node:child_process';
import { fromDescription } from '../../errors.ts';
import { assertProgram, findProgram } from '../../find-program.ts';
import { NAMESPACE_PROCESS_WORD } from '../../ipc/words.ts';
import { passSignals, toExitCode } from '../../pass-signals.ts';
import { programPath } from '../../program-path.ts';
import type { NetworkAddresses } from '../network-addresses.ts';
import type { FromInside, MountedInside, NamespaceDescriptors, PrivateFiles, ToInside } from './messages.ts';
import { namespaceFailed } from './namespace-failed.ts';
import { isRoot, namespaceFlags, sameUserFlags, unshareProgram } from './unshare.ts';

export type NamespaceOptions = {
  readonly addresses: NetworkAddresses;
  /** Text of /etc/resolv.conf for the command. */
  readonly resolvConf: string;
};

export type Namespace = {
  readonly descriptors: NamespaceDescriptors;
  /** Once. Resolves with the command's exit code, as shells tell it. The environment is the command's whole one. */
  run(command: readonly string[], environment: NodeJS.ProcessEnv): Promise<number>;
  /** Lays files below `root` over their paths, in this namespace alone. Before `run`; resolves with what can't be. */
  mountFiles(files: PrivateFiles): Promise<MountedInside>;
  /** Of the command, once it runs. */
  kill(signal: NodeJS.Signals): void;
  /** Ends what runs in it. */
  close(): Promise<void>;
};

/** Throws TpError; ask `whyNotRootless` before, which knows the reasons of machines that cannot do it. */
export async function startNamespace({ addresses, resolvConf }: NamespaceOptions): Promise<Namespace> {
  const unshare = await unshareProgram(process.env);
  // Before it starts: from then on somebody has to listen for its end.
  const wrapper = await commandWrapper(unshare);
  const inside = [process.execPath, '--', programPath(), NAMESPACE_PROCESS_WORD];
  const child = spawn(unshare, [...namespaceFlags(), '--', ...inside], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const exited = exitCode(child);
  const descriptors = await setUp(child, { kind: 'setup', addresses, resolvConf });

  return {
    descriptors,
    async run(command, environment) {
      await assertProgram(command, environment);
      tell(child, { kind: 'run', command: [...wrapper, ...command], environment });
      passSignals(child);
      return exited;
    },
    mountFiles: (files) =>
      new Promise((resolve) => {
        // Also when it has ended before.
        void exited.then(() => resolve({ missing: ['everything: the namespace is gone'], live: [] }));
        child.once('message', (answer: FromInside) => {
          resolve(answer.kind === 'mounted' ? answer : { missing: [], live: [] });
        });
        tell(child, { kind: 'mount', files });
      }),
    kill: (signal) => void child.kill(signal),
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function setUp(child: ChildProcess, message: ToInside): Promise<NamespaceDescriptors> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error) => reject(namespaceFailed(why, cause));
    child.once('error', (cause) => fail(cause.message, cause));
    child.once('exit', (code, signal) => fail(`unshare ended with ${code ?? signal}`));
    child.once('message', (answer: FromInside) => {
      if (answer.kind === 'ready') return resolve(answer.descriptors);
      if (answer.kind !== 'failed') return;
      child.disconnect();
      reject(fromDescription(answer.error));
    });
    tell(child, message);
  });
}

/** What one that has ended can't be told, its exit tells. */
function tell(child: ChildProcess, message: ToInside): void {
  child.send(message, () => undefined);
}

/** Stands before the command, so that it is the user's own again, and ends when the process inside is killed. */
async function commandWrapper(unshare: string): Promise<string[]> {
  const setpriv = await findProgram('setpriv', process.env);
  return [
    // Not on every machine. Without it, only a SIGKILL of the process inside leaves the command running.
    ...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']),
    // Root has made the namespaces as itself.
    ...(isRoot() ? [] : [unshare, ...sameUserFlags(), '--']),
  ];
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(toExitCode(code, signal)));
    child.once('error', () => resolve(1));
  });
}
