// When two rollouts of a workload are the same wish.

import test from 'ava';
import type { Reporting } from '../../../control-plane/src/report/reporting.ts';
import { buildWorkloadWrites } from '../../../control-plane/src/report/workload-writes.ts';
import type { Translation } from '../../../control-plane/src/translator/index.ts';

test('a rollout for the same reasons is the same wish, whenever it was asked for', (t) => {
  const workload = { kind: 'Deployment', namespace: 'shop', name: 'orders' } as const;
  const fingerprint = (annotation: string) => {
    const rollouts = [{ workload, purpose: 'Inject', annotation, message: '' }] as const;
    return buildWorkloadWrites({ rollouts, unused: [] } as unknown as Translation, {} as Reporting)[0]?.fingerprint;
  };
  t.is(fingerprint('uid-1@2026-01-01T00:00:00Z'), fingerprint('uid-1@2026-01-01T00:00:01Z'));
  t.not(fingerprint('uid-1@2026-01-01T00:00:00Z'), fingerprint('uid-1,uid-2@2026-01-01T00:00:00Z'));
});
