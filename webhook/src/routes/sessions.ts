// POST /sessions: stamps the owner, refuses keys that could never prove anything.

import { buildAnswer } from '../admission/admission.ts';
import { admitSession } from '../admission/admit-session.ts';
import { parseAdmissionReview } from '../admission/review.ts';
import type { App, AppTools } from '../app-tools.ts';
import { reportAdmission } from './report-admission.ts';

export function addSessionRoute(app: App, { metrics }: AppTools): void {
  app.post('/sessions', async ({ body, log }) => {
    const request = parseAdmissionReview(body);
    const admission = admitSession(request);
    reportAdmission('Session', request, admission, { log, metrics });
    return buildAnswer(request, admission);
  });
}
