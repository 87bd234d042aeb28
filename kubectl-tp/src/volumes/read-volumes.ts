// Reads what a container's volumes are made of, with the user's own rights. What may not be read costs its volume.

import type { Resource } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient, KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';
import type { Value } from '../environment/field-value.ts';
import { type KeyedKind, type KeyedRead, readKeyedObject } from '../kubernetes/keyed-object.ts';
import type { Pod, Volume } from '../kubernetes/objects.ts';
import { sourcesOf, type TokenWish, type VolumeFiles, volumeFiles } from './volume-files.ts';

export type KeyedRef = { readonly kind: KeyedKind; readonly name: string };
export type VolumeReader = {
  /** The objects that the volumes are made of. */
  readonly objects: readonly KeyedRef[];
  /** By name of the volume. Tokens that are good for a while yet are not asked for again. */
  read(signal: AbortSignal): Promise<ReadonlyMap<string, VolumeFiles>>;
  /** When the first token wants to be replaced; undefined without tokens. */
  renewAtMs(): number | undefined;
};

type Options = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly pod: Pod;
  readonly volumes: readonly Volume[];
};

export function createVolumeReader({ client, namespace, pod, volumes }: Options): VolumeReader {
  const sources = volumes.flatMap((volume) => sourcesOf(volume)?.sources ?? []);
  const objects = uniqueRefs(
    sources.flatMap(({ configMap, secret }): KeyedRef[] => [
      ...(configMap === undefined ? [] : [{ kind: 'ConfigMap' as const, name: configMap.name }]),
      ...(secret === undefined ? [] : [{ kind: 'Secret' as const, name: secret.name }]),
    ]),
  );
  const wishes = sources.flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
  const account = pod.spec.serviceAccountName ?? 'default';
  const tokens = new Map<string, Token>();

  async function renewTokens(signal: AbortSignal): Promise<Map<string, Value>> {
    const values = await Promise.all(
      wishes.map(async (wish): Promise<[string, Value]> => {
        const key = keyOfWish(wish);
        const known = tokens.get(key);
        if (known !== undefined && known.renewAtMs > Date.now()) return [key, known];
        const token = await requestToken({ client, namespace, account, wish, signal });
        if ('value' in token) tokens.set(key, token);
        return [key, token];
      }),
    );
    return new Map(values);
  }

  return {
    objects,
    async read(signal) {
      const [read, given] = await Promise.all([
        Promise.all(objects.map((ref) => readKeyedObject({ client, namespace, signal, ...ref }))),
        renewTokens(signal),
      ]);
      const byKey = new Map<string, KeyedRead | undefined>(objects.map((ref, at) => [keyOfRef(ref), read[at]]));
      const inputs = {
        pod,
        object: (kind: KeyedKind, name: string) => byKey.get(keyOfRef({ kind, name })),
        token: (wish: TokenWish) => given.get(keyOfWish(wish)),
      };
      return new Map(volumes.map((volume) => [volume.name, volumeFiles(volume, inputs)]));
    },
    renewAtMs() {
      const times = [...tokens.values()].map(({ renewAtMs }) => renewAtMs);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}

type Token = { readonly value: string; readonly renewAtMs: number };
type TokenRequest = KubernetesObject & { status?: { token: string; expirationTimestamp: string } };
type Ask = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly account: string;
  readonly wish: TokenWish;
  readonly signal: AbortSignal;
};

/** As the kubelet does: replaced when four fifths of its life are over. */
const LIFE_USED = 0.8;
/** What the API server takes where the pod says nothing. */
const DEFAULT_LIFE_S = 3600;

/** Not bound to the pod, as the kubelet's are: it has to outlive the pod that a rollout replaces. */
async function requestToken({ client, namespace, account, wish, signal }: Ask): Promise<Token | { error: string }> {
  const { audience, expirationSeconds = DEFAULT_LIFE_S } = wish;
  const askedMs = Date.now();
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name: account, namespace },
    spec: { audiences: audience === undefined ? [] : [audience], expirationSeconds },
  };
  try {
    const { status } = await client.create<TokenRequest>(tokensOf(account), body, { namespace, signal });
    if (status === undefined) return { error: `the API server gives no token for service account ${account}` };
    const lifeMs = Date.parse(status.expirationTimestamp) - askedMs;
    return { value: status.token, renewAtMs: askedMs + lifeMs * LIFE_USED };
  } catch (error) {
    signal.throwIfAborted();
    return {
      error: `a token of service account ${account}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** A service account's tokens are made like objects of a collection of its own. */
function tokensOf(account: string): Resource {
  const plural = `serviceaccounts/${encodeURIComponent(account)}/token`;
  return { group: '', version: 'v1', plural, kind: 'TokenRequest', namespaced: true };
}

function uniqueRefs(refs: readonly KeyedRef[]): KeyedRef[] {
  return [...new Map(refs.map((ref) => [keyOfRef(ref), ref])).values()];
}

const keyOfRef = ({ kind, name }: KeyedRef): string => `${kind}/${name}`;
const keyOfWish = ({ audience = '', expirationSeconds }: TokenWish): string => `${expirationSeconds} ${audience}`;
