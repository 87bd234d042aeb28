// What does the tunnel cost? An HTTP/1.1 application asked directly, and by a TLS client in the agent's place through
// relay and laptop, each in a process of its own on loopback. Run: node bench/tunnel.ts [seconds per figure]

import { buildServerName } from '../control-plane/src/protocol/index.ts';
import {
  createTestAuthority,
  createTestSession,
  issueAgentCertificate,
  sessionObject,
} from '../test/helpers/tunnel-rig.ts';
import { type Part, startPart } from './parts.ts';
import { quantile } from './statistics.ts';
import { type Client, createClient } from './tunnel/client.ts';
import type { PartReady, PartReport, PartStart } from './tunnel/part.ts';

const SECONDS = Number(process.argv[2] ?? 3);
const TRANSFER_BYTES = 256 << 20;

const authority = await createTestAuthority();
const session = await createTestSession(authority, 'me');
const agent = await issueAgentCertificate(authority, 'team-a', 'web-1');
const servername = buildServerName({ intercept: 'web', namespace: 'team-a', session: session.name });

const app = await start({ role: 'app' });
const relay = await start({ role: 'relay', session: sessionObject(session) });
const laptop = await start({
  role: 'laptop',
  appPort: app.ready.port,
  relayPort: relay.ready.laptopPort ?? 0,
  session: session.name,
  certificate: session.certificate,
});

const direct = createClient({ port: app.ready.port });
const tunnel = createClient({ port: relay.ready.port, tls: { ca: authority.bundle, servername, ...agent } });
await tunnel.keepAlive(4, 1); // warm up
await direct.keepAlive(4, 1);
await compareRequests('keep-alive, 1 connection', (client) => client.keepAlive(1, SECONDS));
await compareRequests('keep-alive, 16 connections', (client) => client.keepAlive(16, SECONDS));
await compareRequests('fresh connections, 16 at a time', (client) => client.fresh(16, SECONDS));
await compareTransfer('download', (client) => client.download(TRANSFER_BYTES));
await compareTransfer('upload', (client) => client.upload(TRANSFER_BYTES));
for (const [name, part] of Object.entries({ relay, laptop })) {
  console.log(`${name}: ${(await reportOf(part)).memoryMb} MB after that`);
}
for (const part of [app, relay, laptop]) part.end();

async function compareRequests(what: string, measure: (client: Client) => Promise<number[]>): Promise<void> {
  const own = await measure(direct);
  const before = await cpuTimes();
  const through = await measure(tunnel);
  const after = await cpuTimes();
  const micros = (part: 'relay' | 'laptop') => Math.round((after[part] - before[part]) / through.length);
  console.log(
    `${what}: p50 ${ms(own, 0.5)} -> ${ms(through, 0.5)} ms, p99 ${ms(own, 0.99)} -> ${ms(through, 0.99)} ms, ` +
      `${rate(own)} -> ${rate(through)}/s (${(own.length / through.length).toFixed(1)} x); ` +
      `CPU us each: relay ${micros('relay')}, laptop ${micros('laptop')}`,
  );
}

async function compareTransfer(what: string, measure: (client: Client) => Promise<number>): Promise<void> {
  const own = await measure(direct);
  const before = await cpuTimes();
  const through = await measure(tunnel);
  const after = await cpuTimes();
  const msPerMb = (part: 'relay' | 'laptop') =>
    ((after[part] - before[part]) / 1000 / (TRANSFER_BYTES / 1e6)).toFixed(2);
  console.log(
    `${what}: ${own.toFixed(0)} -> ${through.toFixed(0)} MB/s (${(own / through).toFixed(1)} x); ` +
      `CPU ms per MB: relay ${msPerMb('relay')}, laptop ${msPerMb('laptop')}`,
  );
}

async function cpuTimes(): Promise<{ relay: number; laptop: number }> {
  const [atRelay, atLaptop] = await Promise.all([reportOf(relay), reportOf(laptop)]);
  return { relay: atRelay.cpuMicros, laptop: atLaptop.cpuMicros };
}

function reportOf(part: Part<PartReady>): Promise<PartReport> {
  return part.ask('report');
}

function start(message: PartStart) {
  return startPart<PartReady>(new URL('./tunnel/part.ts', import.meta.url), { message });
}

function ms(times: number[], part: number): string {
  return quantile(times, part).toFixed(2);
}

function rate(times: number[]): number {
  return Math.round(times.length / SECONDS);
}
