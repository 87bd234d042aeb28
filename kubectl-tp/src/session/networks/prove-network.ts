// Proves that the cluster's network is reached now: by looking a name up, and by opening a connection to what was found.
// It is the API server's Service, which every cluster has and every session may dial.

import { lookup } from 'node:dns/promises';
import { contains, rangeOf } from '@kubectl-tp/control-plane/addresses';
import type { LaptopReport } from '../../ipc/network-messages.ts';
import type { NetworkProof, Proof } from '../../ipc/report-messages.ts';
import { API_SERVER_NAME } from '../../network/cluster-names.ts';
import type { Dialer } from '../../outbound/dialer.ts';
import { createHostDialer } from '../../outbound/host-dialer.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { unlessAborted } from '../../waiting/unless-aborted.ts';
import { proveNames } from './prove-names.ts';

const PORT = 443;
/** Of each of the two; who asks for the status waits for them. */
const TIMEOUT_MS = 5000;

/** Through the relays, as all programs that have joined. */
export function proveOutbound({ ask, connect }: Pick<Outbound, 'ask' | 'connect'>): Promise<NetworkProof> {
  return prove(async () => (await proveNames(ask)).address, { connect });
}

/** As programs of this laptop do it: by the operating system's resolver, and by the interface. */
export function proveLaptopNow(report: () => LaptopReport): Promise<NetworkProof> {
  const { connect } = createHostDialer();
  return prove(async (signal) => (await unlessAborted(lookup(API_SERVER_NAME), signal)).address, {
    async connect(to, signal) {
      const isOurs = report().routes.some((cidr) => contains(rangeOf(cidr), rangeOf(to.host)));
      // Whoever answers there would be somebody in another network of this laptop.
      if (!isOurs) throw new Error(`no route of this laptop leads from ${to.host} to the cluster`);
      return connect(to, signal);
    },
  });
}

async function prove(
  find: (signal: AbortSignal) => Promise<string>,
  { connect }: Pick<Dialer, 'connect'>,
): Promise<NetworkProof> {
  const found = await timed(find);
  const lookupProof = { name: API_SERVER_NAME, ...found.proof };
  if (found.value === undefined) return { lookup: lookupProof };
  const host = found.value;
  const { proof } = await timed(async (signal) => void (await connect({ host, port: PORT }, signal)).destroy());
  return { lookup: lookupProof, connection: { to: `${host.includes(':') ? `[${host}]` : host}:${PORT}`, ...proof } };
}

async function timed<T>(run: (signal: AbortSignal) => Promise<T>): Promise<{ value?: T; proof: Proof }> {
  const beginMs = performance.now();
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const value = await run(limit);
    return { value, proof: { ms: Math.round((performance.now() - beginMs) * 10) / 10 } };
  } catch (error) {
    if (limit.aborted) return { proof: { error: `nothing came back for ${TIMEOUT_MS / 1000} s` } };
    return { proof: { error: error instanceof Error ? error.message : String(error) } };
  }
}
