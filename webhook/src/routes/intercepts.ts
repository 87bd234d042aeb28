// POST /intercepts: stamps the owner, refuses what belongs to others.

import { buildAnswer } from '../admission/admission.ts';
import { admitIntercept } from '../admission/admit-intercept.ts';
import { parseAdmissionReview } from '../admission/review.ts';
import type { App, AppTools } from '../app-tools.ts';
import { reportAdmission } from './report-admission.ts';

export function addInterceptRoute(app: App, { reader, nowMs, metrics }: AppTools): void {
  app.post('/intercepts', async ({ body, log }) => {
    const request = parseAdmissionReview(body);
    const admission = await admitIntercept(request, { reader, nowMs: nowMs() });
    reportAdmission('Intercept', request, admission, { log, metrics });
    return buildAnswer(request, admission);
  });
}
