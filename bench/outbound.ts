// What do a laptop's own connections into the cluster cost? The same client over plain TCP, over port-forwards, over the
// outbound tunnel, and from a network of its own through the whole path, over links of three lengths. Relay, API server,
// link and application are a process each; the session process is bundled as it ships.
// Run as root: node bench/outbound.ts [rounds] [round trips in ms, 0,20,50]

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../kubectl-tp/bundle.ts';
import { YOUNG_GENERATION } from '../kubectl-tp/src/caller/start.ts';
import { createTestAuthority, createTestSession, sessionObject } from '../test/helpers/tunnel-rig.ts';
import type { ApiServer } from './outbound/api-server.ts';
import { CROWD, type Figures, type MeasureStart, SESSION_TRANSFER_BYTES } from './outbound/measure.ts';
import type { SessionCost, SessionStart } from './outbound/session.ts';
import { CLUSTER_ADDRESS, type TunnelWay, type Way } from './outbound/ways.ts';
import { type Part, run, startPart } from './parts.ts';
import { median } from './statistics.ts';
import type { PartReady, PartStart } from './tunnel/part.ts';

const ROUNDS = Number(process.argv[2] ?? 1);
const LINKS_MS = (process.argv[3] ?? '0,20,50').split(',').map(Number);
const WAYS = ['tcp', 'port-forward', 'tunnel', 'whole path'] as const;
type WayName = (typeof WAYS)[number];

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const parts: Part<unknown>[] = [];
const shipped = await mkdtemp(join(tmpdir(), 'tp-bench-'));
await bundle(shipped, { session: 'bench/outbound/session.ts' });
const session = await createTestSession(await createTestAuthority(), 'me');
const key = session.key.export({ type: 'pkcs8', format: 'pem' }).toString();
const app = await startTunnelPart({ role: 'app' });
const relay = await startTunnelPart({ role: 'relay', session: sessionObject(session) });
const api = await start<ApiServer>('./outbound/api-server.ts');

try {
  for (const roundTripMs of LINKS_MS) await compareOver(roundTripMs);
  await printCost();
} finally {
  for (const part of parts) part.end();
  await rm(shipped, { recursive: true });
}

async function compareOver(roundTripMs: number): Promise<void> {
  const link =
    roundTripMs === 0
      ? undefined
      : await start<number[]>('./outbound/delay-proxy.ts', `${roundTripMs}`, `${app.port}`, `${api.port}`);
  const [appPort = app.port, apiPort = api.port] = link ?? [];
  const tunnel = tunnelTo(apiPort);
  const results = new Map<WayName, Figures[]>(WAYS.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of WAYS) results.get(name)?.push(await measure(name, { appPort, tunnel, roundTripMs }));
  }
  print(roundTripMs, results);
}

type Over = { readonly appPort: number; readonly tunnel: TunnelWay; readonly roundTripMs: number };

async function measure(name: WayName, { appPort, tunnel, roundTripMs }: Over): Promise<Figures> {
  const what = 'figures';
  const ways: Record<Exclude<WayName, 'whole path'>, Way> = {
    tcp: { kind: 'tcp', host: '127.0.0.1', port: appPort },
    'port-forward': { kind: 'port-forward', api: tunnel.api, port: app.port },
    tunnel: { kind: 'dialer', tunnel, port: app.port },
  };
  if (name !== 'whole path') return JSON.parse(await run(commandFor({ way: ways[name], what, roundTripMs })));
  const [figures = ''] = (await runInside(tunnel, { way: insideWay(), what, roundTripMs })).split('\n');
  return JSON.parse(figures);
}

/** Of the session process, which has nothing else to do. */
async function printCost(): Promise<void> {
  const tunnel = tunnelTo(api.port);
  const costOf = async (what: MeasureStart['what']): Promise<SessionCost> =>
    JSON.parse(await runInside(tunnel, { way: insideWay(), what, roundTripMs: 0 }));
  const transfer = await costOf('transfer');
  const crowd = await costOf('crowd');
  const cpu = transfer.cpuSeconds / (SESSION_TRANSFER_BYTES / 1e9);
  console.log(`session process: ${cpu.toFixed(2)} s of processor time per GB`);
  console.log(
    `session process: ${crowd.idleMb.toFixed(0)} MB idle, ${crowd.mostMb.toFixed(0)} MB with ${CROWD} connections`,
  );
}

function tunnelTo(apiPort: number): TunnelWay {
  return { api: { ...api, port: apiPort }, relayPort: relay.laptopPort ?? 0, session: session.name, key };
}

function insideWay(): Way {
  return { kind: 'tcp', host: CLUSTER_ADDRESS, port: app.port };
}

function runInside(tunnel: TunnelWay, start: MeasureStart): Promise<string> {
  const session: SessionStart = { tunnel, command: commandFor(start) };
  return run([process.execPath, YOUNG_GENERATION, '--', join(shipped, 'session.mjs'), JSON.stringify(session)]);
}

function commandFor(start: MeasureStart): string[] {
  return [process.execPath, pathOf('./outbound/measure.ts'), JSON.stringify(start)];
}

async function start<T>(file: string, ...parameters: string[]): Promise<T> {
  return keep(await startPart<T>(new URL(file, import.meta.url), { parameters }));
}

async function startTunnelPart(message: PartStart): Promise<PartReady> {
  return keep(await startPart<PartReady>(new URL('./tunnel/part.ts', import.meta.url), { message }));
}

/** Until the end. */
function keep<T>(part: Part<T>): T {
  parts.push(part);
  return part.ready;
}

function print(roundTripMs: number, results: ReadonlyMap<WayName, readonly Figures[]>): void {
  console.log(`-- round trip ${roundTripMs} ms: ${WAYS.join(', ')}`);
  const names = Object.keys(results.get('tcp')?.[0] ?? {}) as (keyof Figures)[];
  for (const name of names) {
    const digits = name.endsWith('Ms') ? 3 : 0;
    const medians = WAYS.map((way) => median((results.get(way) ?? []).map((figures) => figures[name])));
    const [own = 0] = medians;
    const cells = medians.map((value) => `${value.toFixed(digits)} (${(value / own).toFixed(2)})`.padStart(16));
    console.log(`${name.padEnd(18)}${cells.join('')}`);
  }
}
