// Connections to the volume server of a target's pod. The pod is kept while it runs; when it is gone, another one of the
// target is taken, and a server started in it.

import { type KeyObject, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { PODS } from '@kubectl-tp/control-plane/api';
import {
  isServerProof,
  NONCE_BYTES,
  readPrefix,
  SERVER_PROOF_BYTES,
  signVolumeNonce,
} from '@kubectl-tp/control-plane/protocol';
import { TpError } from '../../errors.ts';
import type { Cluster } from '../../kubernetes/client.ts';
import { allContainers, isTerminating, type Pod } from '../../kubernetes/objects.ts';
import { portForward } from '../../kubernetes/port-forward.ts';
import { findTargetPods, type TargetName } from '../../kubernetes/target.ts';
import { ifFound } from '../../kubernetes/translate-error.ts';
import { shareWork } from '../../waiting/share-work.ts';
import type { LiveMount } from '../mounts.ts';
import { mountsInPod } from './mounts-in-pod.ts';
import { type ServerWish, startVolumeServer } from './start-volume-server.ts';
import { findVolumeServer, type RunningServer } from './volume-container.ts';
import type { VolumeKey } from './volume-key.ts';

export type VolumeSource = {
  readonly namespace: string;
  readonly target: TargetName;
  readonly container: string;
  /** The pod to begin with. */
  readonly pod: string;
  readonly mounts: readonly LiveMount[];
};

/** A connection on which SFTP can begin. Throws TpError, or the signal's reason. */
export type DialVolumes = (signal: AbortSignal) => Promise<Duplex>;

type Options = VolumeSource & {
  readonly cluster: Cluster;
  readonly installNamespace: string;
  readonly key: VolumeKey;
  /** The clock, milliseconds. */
  readonly now?: () => number;
};

/** Its container runs a moment before it listens: Node reads and compiles the program first. */
const LISTEN_TIMEOUT_MS = 20_000;
const RETRY_MS = 200;
const ANSWER_TIMEOUT_MS = 10_000;
/** Ephemeral containers stay in the pod for ever: one where none works does not get another each time. */
const MAX_STARTS = 3;

export function createVolumeDialer(options: Options): DialVolumes {
  const { cluster, namespace, key, now = Date.now } = options;
  /** By uid of the pod: servers since the last one that worked. */
  const starts = new Map<string, number>();
  /** What is mounted in the pod of that uid. */
  let here: { readonly uid: string; readonly mounts: readonly LiveMount[] } | undefined;
  let podName = options.pod;
  /** Several mounts ask at once; one server is enough. */
  const locate = shareWork(locateNow);

  async function locateNow(signal: AbortSignal): Promise<Located> {
    const pod = await findPod({ ...options, pod: podName }, signal);
    podName = pod.metadata.name;
    const { uid = '' } = pod.metadata;
    const container = allContainers(pod.spec).find(({ name }) => name === options.container);
    if (container === undefined) throw unreachable(podName, `it has no container ${options.container}`);
    const { client } = cluster;
    if (here?.uid !== uid) here = { uid, mounts: await mountsInPod({ ...options, client, pod, container, signal }) };
    const wish = { ...options, client, pod, container, mounts: here.mounts, publicKey: key.publicKey };
    const server = findVolumeServer(pod, wish) ?? (await startOne(wish, uid, signal));
    return { pod: podName, uid, server };
  }

  async function startOne(wish: ServerWish, uid: string, signal: AbortSignal): Promise<RunningServer> {
    const count = starts.get(uid) ?? 0;
    if (count >= MAX_STARTS) throw unreachable(podName, `${count} containers for that did not work`);
    starts.set(uid, count + 1);
    return startVolumeServer(wish, signal);
  }

  return async (signal) => {
    let asked: { readonly name: string; readonly deadlineMs: number } | undefined;
    for (;;) {
      // Each time: one that still seems to run may have ended meanwhile.
      const { pod, uid, server } = await locate(signal);
      // From here on: starting one takes longer than it has to answer.
      if (asked?.name !== server.name) asked = { name: server.name, deadlineMs: now() + LISTEN_TIMEOUT_MS };
      const stream = await portForward(cluster, { namespace, pod, port: server.port }, signal).catch((error) => {
        throw explainRight(error, namespace);
      });
      const why = await whileWanted(stream, signal, () => meetServer(stream, key.privateKey, server));
      if (why === undefined) {
        starts.delete(uid);
        return stream;
      }
      stream.destroy();
      if (now() > asked.deadlineMs) throw unreachable(pod, why);
      await delay(RETRY_MS, undefined, { signal });
    }
  };
}

type Located = { readonly pod: string; readonly uid: string; readonly server: RunningServer };

/** The port-forward's own error speaks of relays. */
function explainRight(error: unknown, namespace: string): unknown {
  if (!(error instanceof TpError) || error.code !== 'MISSING_RIGHT') return error;
  const message = `You may not open a port-forward in namespace ${namespace}, by which live volumes come.`;
  const hint = `Needed are get and create on pods/portforward, as in the ClusterRole tp-volumes: kubectl -n ${namespace} create rolebinding tp-volumes --clusterrole=tp-volumes --user=YOU`;
  return new TpError('MISSING_RIGHT', message, { hint, cause: error });
}

/** The stream ends with the signal, and whoever reads from it hears of that. Throws the signal's reason. */
async function whileWanted<T>(stream: Duplex, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const giveUp = () => stream.destroy();
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  try {
    const result = await work();
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Undefined when both have proven who they are: another container of the pod may have taken the port first. */
export async function meetServer(
  stream: Duplex,
  key: KeyObject,
  server: Pick<RunningServer, 'port' | 'secret'>,
): Promise<string | undefined> {
  const asked = await readBytes(stream, NONCE_BYTES);
  if (asked === undefined) return stream.errored?.message ?? 'it does not answer';
  const answered = randomBytes(NONCE_BYTES);
  stream.write(Buffer.concat([answered, signVolumeNonce(key, server.port, asked)]));
  const proof = await readBytes(stream, SERVER_PROOF_BYTES);
  if (proof === undefined) return 'it does not accept the key';
  return isServerProof(server, { asked, answered }, proof) ? undefined : 'who answers is not the volume server';
}

function readBytes(stream: Duplex, bytes: number): Promise<Buffer | undefined> {
  return readPrefix<Buffer>(
    stream,
    (seen) => (seen.length < bytes ? 'incomplete' : { value: Buffer.from(seen.subarray(0, bytes)), bytes }),
    { timeoutMs: ANSWER_TIMEOUT_MS, maxBytes: bytes },
  );
}

async function findPod(source: VolumeSource & Pick<Options, 'cluster'>, signal: AbortSignal): Promise<Pod> {
  const { cluster, namespace, target, container, mounts } = source;
  const { client } = cluster;
  const current = await ifFound(client.get<Pod>(PODS, { name: source.pod, namespace }, { signal }));
  const others = async () => findTargetPods(client, { namespace, target, command: 'ingest' }, signal);
  const candidates = current !== undefined && isServing(current) ? [current] : (await others()).filter(isServing);
  const fits = ({ spec }: Pod) =>
    allContainers(spec).some(({ name }) => name === container) &&
    mounts.every(({ volume }) => spec.volumes?.some(({ name }) => name === volume));
  const found = candidates.find(fits);
  if (found !== undefined) return found;
  throw new TpError('NO_READY_PODS', `${target.kind} ${target.name} in ${namespace} has no pod with these volumes.`);
}

function isServing(pod: Pod): boolean {
  return !isTerminating(pod) && pod.status?.phase === 'Running';
}

function unreachable(pod: string, why: string): TpError {
  return new TpError('VOLUMES_UNREACHABLE', `The volumes of pod ${pod} can't be reached: ${why}.`);
}
