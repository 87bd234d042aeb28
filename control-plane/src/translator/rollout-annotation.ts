// The rollout annotation of a pod template says for what the template was last changed, so that nothing is rolled
// twice for the same reason, whoever leads: `<reason>[,<reason>...]@<time>`.

import { compareText } from '../match/index.ts';
import type { LiveIntercept } from './intercept.ts';
import type { Place } from './target.ts';

const UNUSED = 'unused';

/** One intercept wants a port caught, in this way at least, or an agent whatever it catches. */
export function buildInterceptReason(intercept: LiveIntercept, { appPort, capture }: Place): string {
  return `${prefixOf(intercept)}${appPort}:${capture}`;
}

/** Of this intercept, for whichever port. */
export function isReasonOf(intercept: LiveIntercept, reason: string): boolean {
  return reason.startsWith(prefixOf(intercept));
}

function prefixOf({ object: { metadata } }: LiveIntercept): string {
  return `${metadata.uid ?? metadata.name}:`;
}

export function parseReasons(annotation: string | undefined): readonly string[] {
  const [reasons = ''] = annotation?.split('@') ?? [];
  return reasons.split(',').filter((reason) => reason !== '');
}

/**
 * The time is that of the youngest intercept, not of the writing: the same need gives the same text, so that asking
 * again before the first patch is seen changes nothing.
 */
export function buildInjectAnnotation(reasons: readonly string[], createdAt: string): string {
  return `${[...new Set(reasons)].toSorted(compareText).join(',')}@${createdAt}`;
}

export function buildRemoveAnnotation(unusedSince: string): string {
  return `${UNUSED}@${unusedSince}`;
}
