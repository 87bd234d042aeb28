// The webhook as a fastify application, not yet listening. Garbage gets 400 with a code; what goes wrong here gets 500,
// upon which the API server follows the failurePolicy of the path.

import Fastify, { type FastifyError, type FastifyRequest, LogController } from 'fastify';
import type { App, AppTools } from './app-tools.ts';
import { WebhookError } from './errors.ts';
import { addInterceptRoute } from './routes/intercepts.ts';
import { addPodRoute } from './routes/pods.ts';
import { addSessionRoute } from './routes/sessions.ts';

/** An AdmissionReview may hold an object twice (before and after), and the API server takes objects of 3 MiB. */
const MAX_BODY_BYTES = 7 << 20;

/** Without `certificate` the application speaks plain HTTP, for tests. */
export function buildApp(tools: AppTools, certificate?: { key: string; cert: string }): App {
  const app: App = Fastify({
    https: certificate === undefined ? null : { ...certificate, minVersion: 'TLSv1.2' },
    loggerInstance: tools.logger,
    // One line per pod would drown what matters; admissions that change or refuse something are logged by their routes.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
  });
  app.addHook('onResponse', async (request, reply) => {
    tools.metrics.seconds.observe({ path: request.routeOptions.url ?? 'unknown' }, reply.elapsedTime / 1000);
  });
  app.setErrorHandler((error: FastifyError | WebhookError, request, reply) => {
    const answer = describeError(error);
    logError(request, error, answer.status);
    return reply.code(answer.status).send({ code: answer.code, message: answer.message });
  });
  addPodRoute(app, tools);
  addInterceptRoute(app, tools);
  addSessionRoute(app, tools);
  return app;
}

function describeError(error: FastifyError | WebhookError): { status: number; code: string; message: string } {
  if (error instanceof WebhookError) {
    return { status: error.code === 'READS_EXHAUSTED' ? 503 : 400, code: error.code, message: error.message };
  }
  const status = error.statusCode ?? 500;
  const message = status < 500 ? error.message : 'The webhook could not answer; its log says why.';
  return { status, code: status < 500 ? 'REVIEW_INVALID' : 'INTERNAL', message };
}

function logError(request: FastifyRequest, error: Error, status: number): void {
  if (status < 500) request.log.warn({ path: request.url, reason: error.message }, 'request refused');
  else request.log.error({ path: request.url, err: error }, 'request failed');
}
