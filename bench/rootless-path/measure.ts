// One client of the bench: measures what it finds at an address, and prints the figures as one line of JSON.
// Run: node bench/rootless-path/measure.ts HOST PORT SECONDS

import { quantile } from '../statistics.ts';
import { createClient } from '../tunnel/client.ts';

export type Figures = {
  readonly firstByteP50Ms: number;
  readonly firstByteP99Ms: number;
  readonly roundTripP50Ms: number;
  readonly requestsPerSecond: number;
  readonly connectionsPerSecond: number;
  readonly downloadMbPerSecond: number;
  readonly uploadMbPerSecond: number;
};

const PARALLEL = 16;
const TRANSFER_BYTES = 512 << 20;

if (import.meta.main) {
  const [host = '', port = '', seconds = ''] = process.argv.slice(2);
  console.log(JSON.stringify(await measure(host, Number(port), Number(seconds))));
}

async function measure(host: string, port: number, seconds: number): Promise<Figures> {
  const client = createClient({ host, port });
  await client.keepAlive(4, 1); // warm up
  const first = await client.fresh(1, seconds);
  const roundTrips = await client.keepAlive(1, seconds);
  return {
    firstByteP50Ms: quantile(first, 0.5),
    firstByteP99Ms: quantile(first, 0.99),
    roundTripP50Ms: quantile(roundTrips, 0.5),
    requestsPerSecond: (await client.keepAlive(PARALLEL, seconds)).length / seconds,
    connectionsPerSecond: (await client.fresh(PARALLEL, seconds)).length / seconds,
    downloadMbPerSecond: await client.download(TRANSFER_BYTES),
    uploadMbPerSecond: await client.upload(TRANSFER_BYTES),
  };
}
