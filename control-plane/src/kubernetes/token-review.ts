// Whose token is this? Asks the API server (TokenReview) and remembers its answer for a minute.

import { createHash } from 'node:crypto';
import { TOKEN_AUDIENCE, TOKEN_REVIEWS } from '../api/index.ts';
import type { KubernetesClient, KubernetesObject } from './types.ts';

/** For that long a token still counts after its pod was deleted. */
const CACHE_MS = 60_000;
/** Guessed tokens must not fill the memory. */
const MAX_CACHED = 20_000;

/** The pod that a service account token is bound to. */
export type TokenPod = { readonly namespace: string; readonly pod: string; readonly uid: string };

export type TokenVerdict =
  | { readonly ok: true; readonly pod: TokenPod }
  | { readonly ok: false; readonly reason: string };

export type TokenReviewer = {
  /** Throws `KubernetesError` when the API server can't be asked. */
  review(token: string): Promise<TokenVerdict>;
};

type TokenReview = KubernetesObject & {
  status?: {
    authenticated?: boolean;
    audiences?: string[];
    error?: string;
    user?: { username?: string; extra?: Record<string, string[]> };
  };
};

export function createTokenReviewer(options: { client: KubernetesClient; now: () => number }): TokenReviewer {
  const { client, now } = options;
  const cache = new Map<string, { readonly verdict: Promise<TokenVerdict>; readonly untilMs: number }>();

  function review(token: string): Promise<TokenVerdict> {
    const key = createHash('sha256').update(token).digest('base64');
    const cached = cache.get(key);
    if (cached !== undefined && now() < cached.untilMs) return cached.verdict;
    const verdict = ask(client, token);
    if (cache.size >= MAX_CACHED) forgetOld();
    cache.set(key, { verdict, untilMs: now() + CACHE_MS });
    verdict.catch(() => cache.delete(key));
    return verdict;
  }

  function forgetOld(): void {
    for (const [key, { untilMs }] of cache) if (now() >= untilMs) cache.delete(key);
    if (cache.size >= MAX_CACHED) cache.clear();
  }

  return { review };
}

async function ask(client: KubernetesClient, token: string): Promise<TokenVerdict> {
  const { status } = await client.create<TokenReview>(TOKEN_REVIEWS, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [TOKEN_AUDIENCE] },
  });
  if (status?.authenticated !== true) return { ok: false, reason: status?.error ?? 'the token is not valid' };
  if (!status.audiences?.includes(TOKEN_AUDIENCE)) return { ok: false, reason: 'the token is for another audience' };
  const pod = parseTokenPod(status.user ?? {});
  return pod === undefined ? { ok: false, reason: 'the token is not bound to a pod' } : { ok: true, pod };
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/;

function parseTokenPod({ username = '', extra = {} }: { username?: string; extra?: Record<string, string[]> }) {
  const [, namespace] = SERVICE_ACCOUNT.exec(username) ?? [];
  const [pod] = extra['authentication.kubernetes.io/pod-name'] ?? [];
  const [uid] = extra['authentication.kubernetes.io/pod-uid'] ?? [];
  return namespace === undefined || pod === undefined || uid === undefined ? undefined : { namespace, pod, uid };
}
