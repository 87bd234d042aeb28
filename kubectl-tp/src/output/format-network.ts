// What `kubectl tp status` prints of a network that programs have joined. Pure.

import type { LaptopReport } from '../ipc/network-messages.ts';
import type { NetworkReport, Proof, RelayReport } from '../ipc/report-messages.ts';
import { describeRoutes, describeTranslated } from './describe-routes.ts';
import { formatAge, formatFacts } from './table.ts';

export function formatNetwork(report: NetworkReport, nowMs: number): string {
  const { namespace, ranges, since, relays, laptop, clusterDomain, via } = report;
  const facts = formatFacts([
    ['for', describeUsers(report)],
    ['since', `${since}, for ${formatAge(Math.max(0, (nowMs - Date.parse(since)) / 1000))}`],
    ...formatProof(report),
    ['namespace', `${namespace}: its Services are found without suffix, others as NAME.NAMESPACE`],
    ...(via === undefined ? [] : [['leaves by', `pods of ${via}`] as [string, string]]),
    ['ranges', ranges.length === 0 ? `addresses in ${namespace}, and those of names asked for` : ranges.join(', ')],
    ['DNS', `${describeResolver(report)}; cluster domain ${clusterDomain}`],
    ...relays.map((relay): [string, string] => ['transport', describeRelay(relay)]),
    ...(laptop === undefined ? [] : formatLaptop(laptop)),
  ]);
  return `\nNetwork of the cluster (${report.mode})\n${facts}`;
}

function describeUsers({ proxy, laptop }: NetworkReport): string {
  if (laptop !== undefined) return `all programs of this laptop, by interface ${laptop.interface}`;
  return proxy === undefined ? 'one command' : `programs with the proxy ${proxy.host}:${proxy.port}`;
}

/** Of now, not of the time when it was joined. */
function formatProof({ lookup, connection }: NetworkReport): [string, string][] {
  const name = describeProof(lookup, (ms) => `${lookup.name} found in ${ms} ms`);
  if (connection === undefined) return [['name', name]];
  return [
    ['name', name],
    ['connect', describeProof(connection, (ms) => `${connection.to} accepted in ${ms} ms`)],
  ];
}

function describeProof(proof: Proof, done: (ms: number) => string): string {
  return 'error' in proof ? `FAILED: ${proof.error}` : done(proof.ms);
}

function describeResolver({ laptop, proxy }: NetworkReport): string {
  if (laptop !== undefined) return `${laptop.gateway} by ${laptop.dns}`;
  return proxy === undefined ? "the command's own resolv.conf" : 'the proxy looks names up';
}

function describeRelay({ pod, state, way, rttMs, error }: RelayReport): string {
  const words = [
    `${pod} ${state}`,
    ...(way === undefined ? [] : [`by ${way}`]),
    ...(rttMs === undefined ? [] : [`RTT ${rttMs} ms`]),
  ];
  return `${words.join(', ')}${error === undefined ? '' : `: ${error}`}`;
}

function formatLaptop({ routes, translated, leftOut, helper }: LaptopReport): [string, string][] {
  const isKilled = helper.state === 'killed';
  return [
    ['routes', describeRoutes(routes)],
    ...describeTranslated(translated).map((sentence): [string, string] => ['translated', sentence]),
    ...leftOut.map((sentence): [string, string] => ['left out', sentence]),
    ['helper', isKilled ? 'was killed; to put the laptop in order: kubectl tp quit' : `process ${helper.pid}`],
  ];
}
