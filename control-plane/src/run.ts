// Runs the control plane until the signal is aborted: what it consists of, in order, a sentence each.

import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerIdentity } from '@kubectl-tp/xds';
import type { Logger } from 'pino';
import { buildConfigDump } from './admin/config-dump.ts';
import { createMetrics, type Metrics } from './admin/metrics.ts';
import type { Authority } from './certificates/authority.ts';
import { loadAuthority } from './certificates/authority-secret.ts';
import type { KeyedCertificate } from './certificates/issue.ts';
import { issueServingCertificate, renewServingCertificate } from './certificates/serving-certificate.ts';
import type { Config } from './config.ts';
import { createBackOff, type KubernetesClient } from './kubernetes/index.ts';
import { createObserver } from './observer.ts';
import { createParts, type Parts } from './parts.ts';
import { createAdminServer } from './process/index.ts';
import { type Runner, runAll } from './runner.ts';
import { aborted } from './waiting/index.ts';

export type RunOptions = {
  readonly client: KubernetesClient;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now?: () => number;
  /** Called for each server when it listens: which port it got, for configurations with port 0. */
  readonly onListening?: (server: 'admin' | 'discovery' | 'reach', port: number) => void;
};

const AUTHORITY_BACK_OFF = { firstMs: 500, maxMs: 10_000 };

/** Rejects when a part fails for good; the kubelet then starts the process anew. */
export async function run(config: Config, options: RunOptions): Promise<void> {
  const { client, log, signal, now = Date.now, onListening = () => undefined } = options;
  const namespace = config.installNamespace;
  const authority = await waitForAuthority({ client, log, signal, namespace, now });
  if (authority === undefined) return;

  const metrics = createMetrics();
  const serving = { authority, namespace, now };
  const certificate = await issueServingCertificate(serving);
  const observer = createObserver(log, metrics);
  const parts = createParts(config, { client, authority, identity: toIdentity(certificate), observer, signal, now });
  const { state, leader, webhookCertificate, server, reach, reconciler } = parts;

  const runners = [
    // Health and metrics come first: the kubelet asks from the start.
    {
      name: 'admin',
      run: (signal) =>
        serveAdmin(createAdmin(parts, { metrics, log }), { port: config.adminPort, signal, onListening }),
    },
    // Watches the cluster.
    { name: 'state', run: state.run },
    // Takes part in choosing the replica that writes.
    { name: 'leader', run: leader.run },
    // Keeps the webhook reachable for the API server.
    { name: 'webhook certificate', run: webhookCertificate.run },
    // Turns each change into agents' configurations and objects' statuses.
    { name: 'reconciler', run: reconciler.run },
    // Serves agents, as soon as there is something to serve.
    { name: 'discovery', run: (signal) => serveAgents(parts, { port: config.xdsPort, signal, onListening }) },
    // Answers relays, which ask what a session may dial.
    { name: 'reach', run: (signal) => answerRelays(parts, { port: config.reachPort, signal, onListening }) },
    // Keeps its certificate fresh.
    {
      name: 'serving certificate',
      run(signal) {
        const renew = (next: KeyedCertificate) => {
          for (const each of [server, reach]) each.renewIdentity(toIdentity(next));
        };
        return renewServingCertificate(certificate, renew, { ...serving, signal });
      },
    },
  ] satisfies Runner[];
  log.info({ xdsPort: config.xdsPort, adminPort: config.adminPort }, 'control plane starts');
  await runAll(runners, signal);
  log.info('control plane ended');
}

type AuthorityOptions = RunOptions & { readonly namespace: string; readonly now: () => number };

/** Undefined when the signal came first. */
async function waitForAuthority(options: AuthorityOptions): Promise<Authority | undefined> {
  const { client, log, signal, namespace, now } = options;
  const backOff = createBackOff(AUTHORITY_BACK_OFF);
  while (!signal.aborted) {
    try {
      return await loadAuthority(client, { namespace, nowMs: now(), signal });
    } catch (err) {
      log.warn({ err }, 'the certificate authority cannot be loaded yet');
      await backOff.wait(signal);
    }
  }
  return undefined;
}

type Serving = {
  readonly port: number;
  readonly signal: AbortSignal;
  readonly onListening: NonNullable<RunOptions['onListening']>;
};

/** An agent that came before the first round would be kept waiting for its configuration. */
async function serveAgents({ server, reconciler }: Parts, { port, signal, onListening }: Serving): Promise<void> {
  await Promise.race([reconciler.firstRound, aborted(signal)]);
  if (signal.aborted) return;
  const address = await server.listen(port);
  onListening('discovery', address.port);
  await aborted(signal);
  await server.close();
}

async function answerRelays({ reach }: Parts, { port, signal, onListening }: Serving): Promise<void> {
  onListening('reach', await reach.listen(port));
  await aborted(signal);
  reach.close();
}

function createAdmin(
  { server, state, cache, leader }: Parts,
  { metrics, log }: { metrics: Metrics; log: Logger },
): Server {
  return createAdminServer({
    registry: metrics.registry,
    isReady: () => server.address !== undefined,
    dump: () => buildConfigDump(state.read(), cache, leader.isLeader),
    onTrouble: (err) => log.error({ err }, 'a question to the admin port failed'),
  });
}

async function serveAdmin(server: Server, { port, signal, onListening }: Serving): Promise<void> {
  server.listen(port);
  await once(server, 'listening');
  onListening('admin', (server.address() as AddressInfo).port);
  await aborted(signal);
  server.closeAllConnections();
  server.close();
}

function toIdentity({ certificate, privateKey }: KeyedCertificate): ServerIdentity {
  return { certificateChain: certificate, privateKey };
}
