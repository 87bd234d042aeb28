// Whose token is this? Asks the API server (TokenReview), a few tokens at a time, and remembers its answer for a minute.

import { createHash } from 'node:crypto';
import { TOKEN_AUDIENCE, TOKEN_REVIEWS } from '../api/index.ts';
import { createLimiter } from './limiter.ts';
import { createRememberedAnswers } from './remembered-answers.ts';
import type { KubernetesClient, KubernetesObject } from './types.ts';

/** For that long a token still counts after its pod was deleted. */
const CACHE_MS = 60_000;
/** Guessed tokens must not fill the memory. */
const MAX_CACHED = 20_000;
/** Nor may they keep the API server busy: the rest waits. Agents give up after ten seconds and come back. */
const MAX_ASKED_AT_ONCE = 16;
/** A service account's token has about 1,200 characters. */
const MAX_TOKEN_LENGTH = 16_384;

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
  const askInTurn = createLimiter(MAX_ASKED_AT_ONCE);
  const remembered = createRememberedAnswers<TokenVerdict>({ now, max: MAX_CACHED, keepMs: () => CACHE_MS });

  return {
    async review(token) {
      if (token.length > MAX_TOKEN_LENGTH) return { ok: false, reason: 'the token is too long' };
      const key = createHash('sha256').update(token).digest('base64');
      return remembered(key, () => askInTurn(() => ask(client, token)));
    },
  };
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
