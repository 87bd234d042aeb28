// Envoy as an agent runs it: its bootstrap, arguments and token file, on loopback. What the kubelet would do (expand
// variables, mount the token) is done here.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  type BootstrapOptions,
  buildAgentArguments,
  buildBootstrap,
  buildTokenSecretFile,
  TOKEN_FILE,
  TOKEN_SECRET_FILE,
} from '../../xds/src/bootstrap/bootstrap.ts';
import { envoyPath } from './programs.ts';

export type EnvoyOptions = {
  /** `<namespace>/<pod>` */
  readonly node: string;
  readonly token: string;
  readonly podIp?: string;
  readonly bootstrap: Omit<BootstrapOptions, 'identityDirectory' | 'adminSocket'>;
};

export type RunningEnvoy = {
  /** A page of its admin interface; empty while Envoy has not opened it. */
  admin(path: string): Promise<string>;
  /** What it wrote. */
  log(): string;
  readonly isRunning: boolean;
  close(): Promise<void>;
};

/** Ends with this process, whatever becomes of it. */
const started = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

export async function startEnvoy(options: EnvoyOptions): Promise<RunningEnvoy> {
  const program = await envoyPath();
  const directory = mkdtempSync(join(tmpdir(), 'tp-agent-'));
  writeFileSync(join(directory, TOKEN_FILE), options.token);
  writeFileSync(join(directory, TOKEN_SECRET_FILE), buildTokenSecretFile(directory));
  const adminSocket = join(directory, 'admin.sock');
  const log = join(directory, 'envoy.log');
  const parameters = [...buildArguments(options, { identityDirectory: directory, adminSocket }), '--log-path', log];
  const child: ChildProcess = spawn(program, parameters, { stdio: 'ignore' });
  started.add(child);
  child.once('exit', () => started.delete(child));
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    admin: (path) => askAdmin(adminSocket, path).catch(() => ''),
    log: () => readFileSync(log, 'utf8'),
    get isRunning() {
      return isRunning();
    },
    async close() {
      const exited = isRunning() ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function buildArguments(
  { node, podIp = '127.0.0.1', bootstrap }: EnvoyOptions,
  paths: Pick<BootstrapOptions, 'identityDirectory' | 'adminSocket'>,
): string[] {
  const [namespace = '', pod = ''] = node.split('/');
  const variables: Record<string, string> = { POD_IP: podIp, POD_NAMESPACE: namespace, POD_NAME: pod };
  const expand = (argument: string) =>
    argument.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => variables[name] ?? whole);
  return buildAgentArguments(buildBootstrap({ ...bootstrap, ...paths })).map(expand);
}

async function askAdmin(socketPath: string, path: string): Promise<string> {
  const request = http.get({ socketPath, path, agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return text(response);
}
