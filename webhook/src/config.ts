// The webhook's configuration: environment variables, which the chart sets.

import { ADMIN_PORT, WEBHOOK_PORT } from '@kubectl-tp/control-plane/api';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import manifest from '../package.json' with { type: 'json' };
import { WebhookError } from './errors.ts';
import type { InjectSettings, Resources } from './inject/settings.ts';

export type Config = {
  readonly installNamespace: string;
  readonly webhookPort: number;
  readonly adminPort: number;
  readonly logLevel: string;
  /** What installs decide; the authority comes with the certificate. */
  readonly inject: Omit<InjectSettings, 'authority'>;
};

/** Throws WEBHOOK_CONFIG_INVALID. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const installNamespace = read(env, 'POD_NAMESPACE');
  return {
    installNamespace,
    webhookPort: readNumber(env, 'TP_WEBHOOK_PORT', WEBHOOK_PORT),
    adminPort: readNumber(env, 'TP_ADMIN_PORT', ADMIN_PORT),
    logLevel: env.TP_LOG_LEVEL ?? 'info',
    inject: {
      version: manifest.version,
      installNamespace,
      agentImage: read(env, 'TP_AGENT_IMAGE'),
      captureImage: read(env, 'TP_CAPTURE_IMAGE'),
      // What the webhook's own pod has every pod of the cluster may have; addresses of other pods come after admission.
      ipv6: (env.POD_IPS ?? '').includes(':'),
      imagePullPolicy: env.TP_IMAGE_PULL_POLICY ?? 'IfNotPresent',
      agentResources: readResources(env, 'TP_AGENT_RESOURCES'),
      captureResources: readResources(env, 'TP_CAPTURE_RESOURCES'),
      preStopSleepSeconds: readNumber(env, 'TP_PRE_STOP_SLEEP_SECONDS', 2),
    },
  };
}

function read(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw buildInvalid(name, 'is missing');
  return value;
}

function readNumber(env: Readonly<Record<string, string | undefined>>, name: string, otherwise: number): number {
  const text = env[name] ?? String(otherwise);
  if (!/^\d{1,5}$/.test(text)) throw buildInvalid(name, `is not a number: ${text}`);
  return Number(text);
}

const Quantities = Type.Optional(Type.Record(Type.String(), Type.String()));
const ResourcesSchema = Type.Object({ requests: Quantities, limits: Quantities }, { additionalProperties: false });

/** JSON of a container's `resources`. */
function readResources(env: Readonly<Record<string, string | undefined>>, name: string): Resources {
  const text = env[name];
  if (text === undefined || text === '') return {};
  const value = parseJson(name, text);
  if (!Value.Check(ResourcesSchema, value)) throw buildInvalid(name, `is not a container's resources: ${text}`);
  return value;
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw buildInvalid(name, `is not JSON: ${text}`, cause);
  }
}

function buildInvalid(name: string, problem: string, cause?: unknown): WebhookError {
  return new WebhookError('WEBHOOK_CONFIG_INVALID', `The environment variable ${name} ${problem}.`, {
    hint: 'The chart sets it: compare the Deployment tp-webhook with the one that the chart renders.',
    cause,
  });
}
