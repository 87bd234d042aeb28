// The session process of the bench: joins a command's network with an outbound tunnel, runs the command, and prints what
// that has cost as one line of JSON. Run: node bench/outbound/session.ts SessionStart as JSON

import { createLinuxTun } from '../../kubectl-tp/src/network/device/linux-tun.ts';
import { OWN_ADDRESSES } from '../../kubectl-tp/src/network/network-addresses.ts';
import { createPacketNetwork } from '../../kubectl-tp/src/network/packet-network.ts';
import { listenerServer } from '../../kubectl-tp/src/network/rootless/open-listener.ts';
import { startNamespace } from '../../kubectl-tp/src/network/rootless/start-namespace.ts';
import { takeDescriptor } from '../../kubectl-tp/src/network/rootless/take-descriptor.ts';
import { startOutbound, type TunnelWay } from './ways.ts';

export type SessionStart = { readonly tunnel: TunnelWay; readonly command: readonly string[] };
export type SessionCost = { readonly cpuSeconds: number; readonly idleMb: number; readonly mostMb: number };

/** A look takes a millisecond. */
const LOOK_EVERY_MS = 250;

const { tunnel, command } = JSON.parse(process.argv[2] ?? '') as SessionStart;
// The rest of what a session process has loaded.
await import('../../kubectl-tp/src/session/process.ts');
const outbound = await startOutbound(tunnel);
const namespace = await startNamespace({ addresses: OWN_ADDRESSES, resolvConf: '' });
const { pid, tun, listener } = namespace.descriptors;
const network = createPacketNetwork({
  device: createLinuxTun(takeDescriptor(pid, tun)),
  listener: listenerServer(takeDescriptor(pid, listener)),
  addresses: OWN_ADDRESSES,
  dialer: outbound,
  resolver: { answer: async () => Buffer.alloc(0) },
  serveDns: (stream) => void stream.destroy(),
  connections: () => [],
  reachable: async () => true,
  now: () => performance.now(),
  random: Math.random,
});

const idleMb = residentMb();
let mostMb = idleMb;
const before = cpuSeconds();
const looking = setInterval(() => {
  mostMb = Math.max(mostMb, residentMb());
}, LOOK_EVERY_MS);
process.exitCode = await namespace.run(command, process.env);
clearInterval(looking);
console.log(JSON.stringify({ cpuSeconds: cpuSeconds() - before, idleMb, mostMb } satisfies SessionCost));
await network.close();
await outbound.close();

function residentMb(): number {
  return process.memoryUsage.rss() / (1 << 20);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
