// Runs a command with the environment of a pod, while an intercept or an ingest lives: in a network of its own that is
// the cluster's and has the pod's files at their paths, where the machine allows it; else in the laptop's.

import { homedir } from 'node:os';
import { delimiter } from 'node:path';
import type { SessionCaller } from '../caller/caller.ts';
import type { Tools } from '../command.ts';
import type { HeldVerb, SessionApi } from '../ipc/api.ts';
import type { InterceptName } from '../ipc/intercept-messages.ts';
import type { InsideRequest } from '../ipc/network-messages.ts';
import type { Namespace } from '../network/rootless/start-namespace.ts';
import type { MountedVolumes } from '../volumes/mounted-volumes.ts';
import { parseRelativePath } from '../volumes/relative-path.ts';
import { type ChildCommand, startCommand } from './child-command.ts';
import { chooseNetwork, type NetworkChoice, staysOnLaptop } from './command-network.ts';
import { describeForwards, describeNetwork } from './inside-text.ts';
import { runWhileHeld } from './run-while-held.ts';

export type HeldCommand<V extends HeldVerb> = {
  readonly verb: V;
  readonly session: SessionCaller;
  readonly request: SessionApi[V]['arguments'];
  /** What to ask a new session process for while the command runs. */
  readonly requestAgain: SessionApi[V]['arguments'];
  readonly command: readonly string[];
  readonly network: NetworkChoice;
  readonly tools: Tools;
  /** Resolves with the variables that the command gets on top of the person's own. */
  readonly onStart: (result: SessionApi[V]['result']) => Promise<Readonly<Record<string, string>>>;
};

/** The relays are there already; opening a tunnel takes a second on a slow link. */
const JOIN_TIMEOUT_MS = 30_000;
/** The person waits for the prompt. */
const LEAVE_TIMEOUT_MS = 10_000;

/** Resolves with the command's exit code; throws INTERCEPT_ENDED once the command has ended because of it. */
export async function runHeld<V extends HeldVerb>(held: HeldCommand<V>): Promise<number> {
  const { request, requestAgain, tools, network } = held;
  const namespace = await chooseNetwork(tools, network, request.namespace);
  const inside = namespace && insideRequest(namespace, network === 'cluster');
  try {
    return await runWhileHeld({
      ...held,
      request: withInside(request, inside),
      again: (result) => withInside(requestAgain, isJoined(result) ? inside : undefined),
      leave,
      start: (result) => start(held, result, namespace),
    });
  } finally {
    await namespace?.close();
  }
}

type Result = SessionApi[HeldVerb]['result'];

function insideRequest({ descriptors }: Namespace, isRequired: boolean): InsideRequest {
  return { descriptors, isRequired, timeoutMs: JOIN_TIMEOUT_MS };
}

function withInside<R>(request: R, inside: InsideRequest | undefined): R {
  return inside === undefined ? request : { ...request, inside };
}

const isJoined = ({ inside }: Result): boolean => inside !== undefined && 'network' in inside;

/** Of an ingest the session process removes by itself what nobody holds. */
async function leave(session: SessionCaller, result: Result): Promise<void> {
  const signal = AbortSignal.timeout(LEAVE_TIMEOUT_MS);
  const leaveOne = ({ namespace, name }: InterceptName) =>
    session.call('leave', { all: false, namespace, name }, { signal });
  await Promise.all(interceptsOf(result).map(leaveOne));
}

function interceptsOf(result: Result): readonly InterceptName[] {
  if ('intercepts' in result) return result.intercepts;
  return 'name' in result ? [result] : [];
}

async function start<V extends HeldVerb>(
  { command, tools, onStart }: HeldCommand<V>,
  result: SessionApi[V]['result'],
  namespace: Namespace | undefined,
): Promise<ChildCommand> {
  const environment = { ...tools.env, ...(await onStart(result)) };
  const { inside } = result;
  if (inside !== undefined && 'error' in inside) tools.progress.warn(staysOnLaptop(inside.error.message));
  if (namespace === undefined || inside === undefined || 'error' in inside) {
    return startCommand(command, environment, tools);
  }
  for (const line of [...describeNetwork(inside.network), ...describeForwards(inside)]) tools.progress.step(line);
  await layVolumes(namespace, volumesOf(result), tools);
  const exited = namespace.run(command, environment);
  if (tools.signal.aborted) namespace.kill('SIGTERM');
  return { exited, kill: namespace.kill };
}

function volumesOf(result: Result): MountedVolumes | undefined {
  return 'intercepts' in result ? result.intercepts[0]?.volumes : result.volumes;
}

/** Programs that know their paths by heart find the files there, others below TP_ROOT. */
async function layVolumes(
  namespace: Namespace,
  volumes: MountedVolumes | undefined,
  { progress, env }: Tools,
): Promise<void> {
  if (volumes === undefined) return;
  const paths = volumes.mounts.flatMap((path) => {
    const names = parseRelativePath(path);
    return names === undefined ? [] : [`/${names.join('/')}`];
  });
  const kept = [homedir(), process.cwd()];
  const programs = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const { root, shared } = volumes;
  const writable = shared?.folders.flatMap(({ mount: { path, isReadOnly } }) =>
    isReadOnly ? [] : [`/${path.join('/')}`],
  );
  const live = shared === undefined ? {} : { live: shared, writable: writable ?? [] };
  const missing = await namespace.mountFiles({ root, paths, kept, programs, ...live });
  for (const why of missing) progress.warn(`only below $TP_ROOT are the files of ${why}`);
}
