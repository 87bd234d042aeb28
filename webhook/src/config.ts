// The webhook's configuration: environment variables, which the chart sets.

import { ADMIN_PORT, WEBHOOK_PORT } from '@kubectl-tp/control-plane/api';
import { createEnvironmentReader, type Environment } from '@kubectl-tp/control-plane/process';
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

const HINT = 'The chart sets it: compare the Deployment tp-webhook with the one that the chart renders.';
const DEFAULT_PRE_STOP_SLEEP_SECONDS = 2;

/** Throws WEBHOOK_CONFIG_INVALID. */
export function parseConfig(environment: Environment): Config {
  const read = createEnvironmentReader(
    environment,
    (message) => new WebhookError('WEBHOOK_CONFIG_INVALID', message, { hint: HINT }),
  );
  const readResources = (name: string) => read.parsed(name, "JSON of a container's resources", parseResources) ?? {};
  const installNamespace = read.text('POD_NAMESPACE');
  return {
    installNamespace,
    webhookPort: read.port('TP_WEBHOOK_PORT', WEBHOOK_PORT),
    adminPort: read.port('TP_ADMIN_PORT', ADMIN_PORT),
    logLevel: read.text('TP_LOG_LEVEL', 'info'),
    inject: {
      version: manifest.version,
      installNamespace,
      agentImage: read.text('TP_AGENT_IMAGE'),
      captureImage: read.text('TP_CAPTURE_IMAGE'),
      // What the webhook's own pod has every pod of the cluster may have; addresses of other pods come after admission.
      ipv6: read.text('POD_IPS', '').includes(':'),
      imagePullPolicy: read.text('TP_IMAGE_PULL_POLICY', 'IfNotPresent'),
      agentResources: readResources('TP_AGENT_RESOURCES'),
      captureResources: readResources('TP_CAPTURE_RESOURCES'),
      preStopSleepSeconds: read.number('TP_PRE_STOP_SLEEP_SECONDS', DEFAULT_PRE_STOP_SLEEP_SECONDS),
    },
  };
}

const Quantities = Type.Optional(Type.Record(Type.String(), Type.String()));
const ResourcesSchema = Type.Object({ requests: Quantities, limits: Quantities }, { additionalProperties: false });

function parseResources(text: string): Resources | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(ResourcesSchema, value) ? value : undefined;
  } catch {
    return undefined; // not JSON
  }
}
