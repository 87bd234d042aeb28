// What the webhook's routes are given.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { ClusterReader } from './cluster/cluster-reader.ts';
import type { InjectSettings } from './inject/settings.ts';
import type { Metrics } from './metrics.ts';

export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, Logger>;

export type AppTools = {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly reader: ClusterReader;
  /** May change with the certificate authority. */
  readonly settings: () => InjectSettings;
  readonly nowMs: () => number;
};
