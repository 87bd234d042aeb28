// What does a network of a command's own cost? The same client through a plain relay on loopback, and in a namespace
// whose connections a process joins with the same application. Each part is a process of its own. Run as root, or as a
// user who may open /dev/net/tun: node bench/rootless-path.ts [seconds per figure]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HostStart } from '../test/helpers/rootless-host.ts';
import { run, startPart } from './parts.ts';
import type { Figures } from './rootless-path/measure.ts';
import type { PartReady, PartStart } from './tunnel/part.ts';

const SECONDS = process.argv[2] ?? '3';
/** Where the namespace's dialer finds nothing of its own: it goes to loopback. */
const CLUSTER_ADDRESS = '10.96.0.9';

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const MEASURE = pathOf('./rootless-path/measure.ts');

const message: PartStart = { role: 'app' };
const app = await startPart<PartReady>(new URL('./tunnel/part.ts', import.meta.url), { message });
const { port } = app.ready;
const relay = spawn(process.execPath, [pathOf('./rootless-path/relay.ts'), `${port}`], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [relayPort] = await once(relay.stdout, 'data');

const plain = await measure([process.execPath, MEASURE, '127.0.0.1', String(relayPort).trim(), SECONDS]);
const host: HostStart = { command: [process.execPath, MEASURE, CLUSTER_ADDRESS, `${port}`, SECONDS] };
const inside = await measure([process.execPath, pathOf('../test/helpers/rootless-host.ts'), JSON.stringify(host)]);
app.end();
relay.kill();

print('connect and first byte, p50', 'firstByteP50Ms', 'ms');
print('connect and first byte, p99', 'firstByteP99Ms', 'ms');
print('round trip, p50', 'roundTripP50Ms', 'ms');
print('requests, 16 connections', 'requestsPerSecond', '/s');
print('new connections, 16 at a time', 'connectionsPerSecond', '/s');
print('download', 'downloadMbPerSecond', 'MB/s');
print('upload', 'uploadMbPerSecond', 'MB/s');

async function measure(command: readonly string[]): Promise<Figures> {
  return JSON.parse(await run(command));
}

function print(what: string, figure: keyof Figures, unit: string): void {
  const digits = unit === 'ms' ? 3 : 0;
  const [own, through] = [plain[figure], inside[figure]];
  const ratio = (through / own).toFixed(2);
  console.log(`${what}: ${own.toFixed(digits)} -> ${through.toFixed(digits)} ${unit} (${ratio})`);
}
