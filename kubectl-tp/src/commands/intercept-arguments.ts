// The words of `intercept` as values. Pure.

import type { Fallback, TargetKind } from '@kubectl-tp/control-plane/api';
import { TpError } from '../errors.ts';

const KINDS: Readonly<Record<string, TargetKind>> = {
  service: 'Service',
  services: 'Service',
  svc: 'Service',
  deployment: 'Deployment',
  deployments: 'Deployment',
  deploy: 'Deployment',
  statefulset: 'StatefulSet',
  statefulsets: 'StatefulSet',
  sts: 'StatefulSet',
  daemonset: 'DaemonSet',
  daemonsets: 'DaemonSet',
  ds: 'DaemonSet',
};
/** RFC 1123 subdomain, as the API server wants names. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** `orders` is a Service, `deployment/orders` a workload; kubectl's short names are understood. */
export function parseTarget(word: string): { kind: TargetKind; name: string } {
  const parts = word.split('/');
  const [kindWord = '', name = ''] = parts.length === 1 ? ['service', word] : parts;
  const kind = Object.hasOwn(KINDS, kindWord.toLowerCase()) ? KINDS[kindWord.toLowerCase()] : undefined;
  if (parts.length > 2) throw badTarget(word, 'it has more than one slash');
  if (kind === undefined) throw badTarget(word, `"${kindWord}" is no kind that can be intercepted`);
  if (!NAME.test(name)) throw badTarget(word, 'names in Kubernetes have a-z, 0-9, - and . only');
  return { kind, name };
}

function badTarget(word: string, why: string): TpError {
  return new TpError('BAD_TARGET', `"${word}" is not something to intercept: ${why}.`, {
    hint: 'Name a Service (orders) or a workload (deployment/orders, statefulset/orders, daemonset/orders).',
  });
}

/** `8080`, `8080:80`, `8080:http`; undefined leaves both to the target. */
export function parsePorts(text: string): { laptopPort: number; remotePort?: string } {
  const [, laptop = '', remote] = /^(\d{1,5})(?::([A-Za-z0-9-]+))?$/.exec(text) ?? [];
  const port = Number(laptop);
  const isRemoteNumber = remote !== undefined && /^\d+$/.test(remote);
  if (laptop === '') throw badPort(text, 'it is not a number, or a number and a port of the target');
  if (!isPort(port) || (isRemoteNumber && !isPort(Number(remote)))) throw badPort(text, 'ports go from 1 to 65535');
  return { laptopPort: port, ...(remote === undefined ? {} : { remotePort: remote }) };
}

/** The one port of an intercept. Throws USAGE for several. */
export function readOnlyPort(ports: readonly string[], target: string): string | undefined {
  if (ports.length <= 1) return ports[0];
  const flags = ports.map((port) => `-p ${port}`).join(' ');
  throw new TpError('USAGE', `intercept takes one --port, not ${ports.length}: ${ports.join(', ')}.`, {
    hint: `Intercept each port by a command of its own, or have all requests of all ports: kubectl tp replace ${target} ${flags}`,
  });
}

function badPort(text: string, why: string): TpError {
  return new TpError('BAD_PORT', `--port does not understand "${text}": ${why}.`, {
    hint: 'Write it like -p 8080 or -p 8080:80 or -p 8080:http (laptop first, then the port of the target).',
  });
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65535;
}

export const FALLBACK_OPTION = {
  type: 'string',
  choices: ['pod', 'fail'],
  describe: 'who answers while the laptop can not [pod]',
} as const;

export function parseFallback(text: string | undefined): Fallback {
  return text === 'fail' ? 'Fail' : 'Pod';
}
