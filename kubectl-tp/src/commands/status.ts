// kubectl tp status: what the session process holds, each thing proven rather than remembered.

import { defineCommand } from '../command.ts';
import type { IngestReport, InterceptReport, RelayReport, SessionReport } from '../ipc/report-messages.ts';
import { formatNetwork } from '../output/format-network.ts';
import type { Progress } from '../output/progress.ts';
import { formatFacts, formatTable } from '../output/table.ts';

export const status = defineCommand({
  name: 'status',
  summary: 'Show your session, proven now: relays, intercepts, networks, when agents last reached this laptop',
  options: {},
  examples: [['kubectl tp status -o json', 'for programs: pid, socket, relays, intercepts']],
  async run({ existingSession, connection, printer, progress, signal }) {
    const running = await existingSession({ resume: true });
    if (running === undefined) {
      const { context } = await connection();
      await warnOfLeftBehind(progress);
      printer.result({ running: false, context }, () => `No session runs for context ${context}.`);
      return undefined;
    }
    const report = await running.call('status', {}, { signal });
    if (!report.networks.some(({ mode }) => mode === 'laptop')) await warnOfLeftBehind(progress);
    printer.result({ running: true, ...report }, () => formatReport(report));
    return undefined;
  },
});

function formatReport(report: SessionReport): string {
  const facts = formatFacts([
    ['session', report.session?.name ?? 'not open yet'],
    ['context', `${report.context} (${report.server})`],
    ['process', `${report.pid}, log ${report.log}`],
  ]);
  return [
    `Session process ${report.version}`,
    facts,
    formatRelays(report.relays),
    formatIntercepts(report.intercepts),
    ...report.networks.map((network) => formatNetwork(network, Date.now())),
    ...(report.ingests.length === 0 ? [] : [formatIngests(report.ingests)]),
  ].join('\n');
}

async function warnOfLeftBehind(progress: Progress): Promise<void> {
  const { isLeftBehind } = await import('../network/helper/left-behind.ts');
  if (!isLeftBehind()) return;
  progress.warn(
    "this laptop's /etc/resolv.conf was left by a helper that was killed, so names may not be found; to put it back: kubectl tp quit",
  );
}

function formatRelays(relays: readonly RelayReport[]): string {
  if (relays.length === 0) return '\nNo relays.';
  const rows = relays.map(({ pod, state, way, rttMs, error }) => [
    pod,
    state,
    way ?? '',
    rttMs === undefined ? '' : `${rttMs} ms`,
    error ?? '',
  ]);
  return `\n${formatTable(['RELAY', 'STATE', 'WAY', 'RTT', 'TROUBLE'], rows)}`;
}

function formatIntercepts(intercepts: readonly InterceptReport[]): string {
  if (intercepts.length === 0) return '\nNo intercepts.';
  const rows = intercepts.map((intercept) => [
    intercept.namespace,
    intercept.target,
    intercept.match,
    describePort(intercept),
    intercept.ready ? 'yes' : `no: ${intercept.reason ?? ''}`,
    `${intercept.agents.ready}/${intercept.agents.total}`,
    lastProbe(intercept),
  ]);
  return `\n${formatTable(['NAMESPACE', 'TARGET', 'MATCH', 'PORT', 'READY', 'AGENTS', 'LAST PROBE'], rows)}`;
}

function describePort({ laptopPort, laptopPortOpen }: InterceptReport): string {
  if (laptopPort === undefined) return '';
  return `${laptopPort}${laptopPortOpen ? '' : ' (nobody listens)'}`;
}

function formatIngests(ingests: readonly IngestReport[]): string {
  const rows = ingests.map(({ namespace, target, root }) => [namespace, target, root]);
  return `\n${formatTable(['NAMESPACE', 'INGEST', 'FILES'], rows)}`;
}

/** The oldest of the agents' last probes: the weakest proof. An exit has none. */
function lastProbe({ probes, laptopPort }: InterceptReport): string {
  if (laptopPort === undefined) return '';
  return probes.length === 0 ? 'none' : `${Math.max(...probes.map(({ ageSeconds }) => ageSeconds))}s ago`;
}
