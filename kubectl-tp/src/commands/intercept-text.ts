// What `intercept` tells when it works. Pure.

import type { Fallback } from '@kubectl-tp/control-plane/api';
import type { Environment } from '../environment/collect.ts';
import { quoteForShell } from '../environment/formats.ts';
import type { InterceptResult } from '../ipc/intercept-messages.ts';
import type { InsideResult } from '../ipc/network-messages.ts';
import { describeMissing } from '../output/describe-missing.ts';
import { formatFacts } from '../output/table.ts';

export function formatIntercept(result: InterceptResult, { held = false } = {}): string {
  const { target, namespace, laptop, agents, containerPort, fallback, expiresAt, volumes, inside } = result;
  const facts: [string, string][] = [
    ['requests', matchText(result)],
    ['go to', `port ${laptop.port} of ${whereText(inside)} (container port ${containerPort})`],
    ['agents', `${agents.ready}/${agents.total}, each has reached this laptop`],
    ['captured', CAPTURES[result.capture]],
    ['otherwise', otherwiseText(fallback)],
    ...(volumes === undefined ? [] : [['files', volumes.root] satisfies [string, string]]),
    ...(expiresAt === undefined ? [] : [['until', expiresAt] satisfies [string, string]]),
    ['try', curlLine(result)],
    ['end', held ? 'ends with the command' : `kubectl tp leave ${target} -n ${namespace}`],
  ];
  return `Intercepting ${target} in ${namespace}\n${formatFacts(facts)}`;
}

/** Whose port it is that requests come to. */
export function whereText(inside: InsideResult | undefined): string {
  return inside !== undefined && 'network' in inside ? "the command's own network" : 'this laptop';
}

export function otherwiseText(fallback: Fallback): string {
  return fallback === 'Pod'
    ? 'the pod answers while this laptop can not'
    : 'callers get an error while this laptop can not answer';
}

/** Variables may be secrets: a result that people paste somewhere does not have them. */
export function withoutEnvironment<R extends { environment?: Environment }>({ environment, ...result }: R): object {
  return environment === undefined
    ? result
    : { ...result, environment: { missing: environment.missing.map(describeMissing) } };
}

const CAPTURES: Readonly<Record<InterceptResult['capture'], string>> = {
  Name: 'by the name of the port, without privilege',
  Nft: 'by nft rules: an init container with NET_ADMIN, because callers come by the number of the port',
  Unknown: 'not reported',
};

function matchText({ headers }: InterceptResult): string {
  return headers.length === 0 ? 'every request' : headers.map(({ name, value }) => `${name}: ${value}`).join(' and ');
}

/** Typed in a pod of the cluster; quoted for the shell. */
function curlLine({ headers, host, containerPort }: InterceptResult): string {
  const flags = headers.map(({ name, value }) => `-H ${quoteForShell(`${name}: ${value}`)} `).join('');
  return `curl ${flags}http://${host ?? `POD_IP:${containerPort}`}/   (in a pod)`;
}
