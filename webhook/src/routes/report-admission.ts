// Log and metrics of what was decided about an object of ours.

import type { FastifyBaseLogger } from 'fastify';
import type { Admission } from '../admission/admission.ts';
import type { AdmissionRequest } from '../admission/review.ts';
import type { Metrics } from '../metrics.ts';

export function reportAdmission(
  kind: 'Intercept' | 'Session',
  { operation, namespace, userInfo }: AdmissionRequest,
  admission: Admission,
  { log, metrics }: { log: FastifyBaseLogger; metrics: Metrics },
): void {
  const { outcome } = admission;
  const fields = { kind, operation, namespace, user: userInfo.username };
  if (outcome === 'allowed') {
    metrics.admissions.inc({ kind, outcome });
    log.info(fields, 'object admitted');
  } else {
    metrics.admissions.inc({ kind, outcome, error: admission.error });
    log.info({ ...fields, code: admission.error, reason: admission.message }, 'object refused');
  }
}
