// Envoy as an agent runs it: its bootstrap, arguments and token file, on loopback. What the kubelet would do (expand
// variables, mount the token) is done here.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import {
  buildAgentArguments,
  buildBootstrap,
  buildTokenSecretFile,
  type CapturedPort,
  TOKEN_FILE,
  TOKEN_SECRET_FILE,
} from '../../../xds/src/bootstrap/bootstrap.ts';
import { envoyPath } from '../../helpers/programs.ts';

export type AgentOptions = {
  /** `<namespace>/<pod>` */
  node: string;
  token: string;
  ports: CapturedPort[];
  controlPlane: { port: number; authority: string };
};

export type RunningAgent = {
  /** A page of Envoy's admin interface; empty while Envoy has not opened it. */
  admin(path: string): Promise<string>;
  /** What Envoy has written to its log so far. */
  log(): string;
};

export async function runAgent(t: ExecutionContext, options: AgentOptions): Promise<RunningAgent> {
  const directory = await mkdtemp(join(tmpdir(), 'tp-agent-'));
  await writeFile(join(directory, TOKEN_FILE), options.token);
  await writeFile(join(directory, TOKEN_SECRET_FILE), buildTokenSecretFile(directory));
  const adminSocket = join(directory, 'admin.sock');
  const envoy = spawn(await envoyPath(), buildArguments(options, { directory, adminSocket }), { stdio: 'pipe' });
  let log = '';
  envoy.stderr.on('data', (data: Buffer) => {
    log += data;
  });
  t.teardown(async () => {
    await kill(envoy);
    await rm(directory, { recursive: true });
  });
  return { admin: (path) => get(adminSocket, path), log: () => log };
}

function buildArguments(
  { node, ports, controlPlane }: AgentOptions,
  { directory, adminSocket }: { directory: string; adminSocket: string },
): string[] {
  const bootstrap = buildBootstrap({
    ports,
    controlPlane: { host: 'localhost', ...controlPlane },
    identityDirectory: directory,
    adminSocket,
  });
  const [namespace = '', pod = ''] = node.split('/');
  const expand = (argument: string) =>
    argument
      .replaceAll('$(POD_NAMESPACE)', namespace)
      .replaceAll('$(POD_NAME)', pod)
      .replaceAll('$(POD_IP)', '127.0.0.1');
  return buildAgentArguments(bootstrap).map(expand);
}

function kill(envoy: ChildProcess): Promise<void> {
  if (envoy.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    envoy.once('exit', () => resolve());
    envoy.kill('SIGKILL');
  });
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    const call = request({ socketPath, path, agent: false }, (response) => {
      response.on('data', (data) => {
        body += data;
      });
      response.on('end', () => resolve(body));
    });
    call.on('error', () => resolve(''));
    call.end();
  });
}
