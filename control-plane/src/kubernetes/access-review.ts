// May this person see Services there? Asks the API server (SubjectAccessReview), a few questions at a time, and remembers
// its answers.

import { createHash } from 'node:crypto';
import { SUBJECT_ACCESS_REVIEWS } from '../api/index.ts';
import { createLimiter } from './limiter.ts';
import { createRememberedAnswers } from './remembered-answers.ts';
import type { KubernetesClient, KubernetesObject } from './types.ts';

/** For that long a right still counts after it was taken away; authorization webhooks are remembered as long. */
const ALLOWED_MS = 5 * 60_000;
/** Who was just given a right tries again soon. */
const DENIED_MS = 15_000;
/** Some hundred people with some dozen namespaces each. */
const MAX_CACHED = 10_000;
/** However many addresses somebody tries, the API server has other work: the rest waits. */
const MAX_ASKED_AT_ONCE = 16;

export type Person = { readonly user: string; readonly groups: readonly string[] };

export type AccessReviewer = {
  /** Throws `KubernetesError` when the API server can't be asked. */
  mayGetServices(person: Person, namespace: string): Promise<boolean>;
};

type SubjectAccessReview = KubernetesObject & { status?: { allowed?: boolean; denied?: boolean } };

/** What a SubjectAccessReview understands as all namespaces. */
const EVERYWHERE = '';

export function createAccessReviewer(options: { client: KubernetesClient; now: () => number }): AccessReviewer {
  const { client, now } = options;
  const askInTurn = createLimiter(MAX_ASKED_AT_ONCE);
  const keepMs = (allowed: boolean) => (allowed ? ALLOWED_MS : DENIED_MS);
  const remembered = createRememberedAnswers<boolean>({ now, max: MAX_CACHED, keepMs });

  function review(person: Person, namespace: string): Promise<boolean> {
    const key = createHash('sha256')
      .update(JSON.stringify([namespace, person.user, person.groups]))
      .digest('base64');
    return remembered(key, () => askInTurn(() => ask(client, person, namespace)));
  }

  return {
    // Who may see all namespaces costs one question, not one for each.
    mayGetServices: async (person, namespace) => (await review(person, EVERYWHERE)) || review(person, namespace),
  };
}

async function ask(client: KubernetesClient, { user, groups }: Person, namespace: string): Promise<boolean> {
  const { status } = await client.create<SubjectAccessReview>(SUBJECT_ACCESS_REVIEWS, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups, resourceAttributes: { namespace, verb: 'get', group: '', resource: 'services' } },
  });
  return status?.allowed === true && status.denied !== true;
}
