// One client of the bench: measures one way and prints the figures as one line of JSON.
// Run: node bench/outbound/measure.ts MeasureStart as JSON

import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../statistics.ts';
import { ask, createClientOver, type OpenConnection } from '../tunnel/client.ts';
import { openerOf, type Way } from './ways.ts';

export type MeasureStart = {
  readonly way: Way;
  /** `transfer` and `crowd` are for those who look at another process meanwhile. */
  readonly what: 'figures' | 'transfer' | 'crowd';
  readonly roundTripMs: number;
};

export type Figures = {
  readonly firstByteP50Ms: number;
  readonly firstByteP99Ms: number;
  readonly roundTripP50Ms: number;
  readonly roundTripP99Ms: number;
  readonly requestsOn1: number;
  readonly requestsOn16: number;
  readonly freshPerSecond: number;
  readonly downMbPerSecond: number;
  readonly upMbPerSecond: number;
  readonly down8MbPerSecond: number;
  readonly up8MbPerSecond: number;
};

const MEASURED_SECONDS = 0.3;
const TRANSFER_BYTES = 100_000_000;
const FLOWS = 8;
const FLOW_BYTES = 8_000_000;
export const SESSION_TRANSFER_BYTES = 2 * TRANSFER_BYTES;
export const CROWD = 1000;
/** The session process looks at its memory twice meanwhile (LOOK_EVERY_MS in session.ts). */
const HELD_MS = 500;

if (import.meta.main) {
  const start = JSON.parse(process.argv[2] ?? '') as MeasureStart;
  const open = await openerOf(start.way);
  if (start.what === 'figures') console.log(JSON.stringify(await measure(open, start.roundTripMs)));
  else if (start.what === 'transfer') await transfer(open);
  else await hold(open);
  process.exit();
}

async function measure(open: OpenConnection, roundTripMs: number): Promise<Figures> {
  const client = createClientOver(open);
  await client.keepAlive(16, MEASURED_SECONDS); // warm up
  await client.fresh(4, MEASURED_SECONDS / 2);
  // A long link allows few round trips.
  const seconds = MEASURED_SECONDS * (1 + roundTripMs / 20);
  const first = await client.fresh(1, seconds);
  const roundTrips = await client.keepAlive(1, seconds);
  return {
    firstByteP50Ms: quantile(first, 0.5),
    firstByteP99Ms: quantile(first, 0.99),
    roundTripP50Ms: quantile(roundTrips, 0.5),
    roundTripP99Ms: quantile(roundTrips, 0.99),
    requestsOn1: roundTrips.length / seconds,
    requestsOn16: (await client.keepAlive(16, MEASURED_SECONDS)).length / MEASURED_SECONDS,
    freshPerSecond: (await client.fresh(16, MEASURED_SECONDS)).length / MEASURED_SECONDS,
    downMbPerSecond: await client.download(TRANSFER_BYTES),
    upMbPerSecond: await client.upload(TRANSFER_BYTES),
    down8MbPerSecond: await together(() => client.download(FLOW_BYTES)),
    up8MbPerSecond: await together(() => client.upload(FLOW_BYTES)),
  };
}

async function together(transferOne: () => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: FLOWS }, transferOne));
  return (FLOWS * FLOW_BYTES) / (performance.now() - startedAt) / 1000;
}

async function transfer(open: OpenConnection): Promise<void> {
  const client = createClientOver(open);
  await client.download(TRANSFER_BYTES);
  await client.upload(TRANSFER_BYTES);
}

/** All open at once, each used once, and then idle. */
async function hold(open: OpenConnection): Promise<void> {
  const connections = await Promise.all(Array.from({ length: CROWD }, open));
  await Promise.all(connections.map(ask));
  await delay(HELD_MS);
}
