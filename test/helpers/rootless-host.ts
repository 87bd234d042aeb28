// A program for tests and benchmarks: the plugin's `connect -- CMD` with this machine's loopback in the cluster's place.
// Its one argument is a HostStart as JSON; it ends with the command's exit code.

import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import type * as DnsPacket from 'dns-packet';
import { createLinuxTun } from '../../kubectl-tp/src/network/device/linux-tun.ts';
import type { Resolver } from '../../kubectl-tp/src/network/dns/resolver.ts';
import { OWN_ADDRESSES } from '../../kubectl-tp/src/network/network-addresses.ts';
import { createPacketNetwork, type PacketNetwork } from '../../kubectl-tp/src/network/packet-network.ts';
import { readProgramConnections } from '../../kubectl-tp/src/network/program-connections.ts';
import type { NamespaceDescriptors, PrivateFiles } from '../../kubectl-tp/src/network/rootless/messages.ts';
import { createNamespaceDialer } from '../../kubectl-tp/src/network/rootless/namespace-dialer.ts';
import { listenerServer } from '../../kubectl-tp/src/network/rootless/open-listener.ts';
import { startNamespace } from '../../kubectl-tp/src/network/rootless/start-namespace.ts';
import { takeDescriptor } from '../../kubectl-tp/src/network/rootless/take-descriptor.ts';
import { createLoopbackDialer } from './test-dialer.ts';

export type HostStart =
  /** Ends with the command. With `files` it has these, and what can't be had is on standard error, a line each. */
  | { readonly command: readonly string[]; readonly files?: PrivateFiles }
  /** The same without the session process's part: prints the descriptors and lets another process take them. */
  | { readonly commandAlone: readonly string[] }
  /** Another process, which dials into the namespace and prints what an echo of each port has answered. */
  | { readonly dialInto: NamespaceDescriptors; readonly ports: readonly number[] }
  /** The session process's part. Prints "ready" and stays. */
  | { readonly descriptors: NamespaceDescriptors };

const { decode, encode } = createRequire(import.meta.url)('dns-packet') as typeof DnsPacket;

/** `db.shop.test` and what lies below has these addresses; nothing else exists. */
const NAME = /(^|\.)db\.shop\.test$/;
const RESOLV_CONF = `nameserver ${OWN_ADDRESSES.ipv4.gateway}\nsearch shop.test\noptions ndots:5\n`;

const resolver: Resolver = {
  async answer(question) {
    const { id, questions = [] } = decode(question);
    const [asked] = questions;
    const isKnown = asked !== undefined && NAME.test(asked.name);
    const answers: DnsPacket.Answer[] = [];
    if (isKnown && asked.type === 'A') answers.push({ type: 'A', name: asked.name, ttl: 5, data: '10.96.0.9' });
    if (isKnown && asked.type === 'AAAA') answers.push({ type: 'AAAA', name: asked.name, ttl: 5, data: 'fd00:96::9' });
    return encode({ id, type: 'response', flags: 0x180 | (isKnown ? 0 : 3), questions, answers });
  },
};

/** One question and answer, each behind its length. */
function serveDns(stream: Duplex): void {
  let received = Buffer.alloc(0);
  stream.on('error', () => stream.destroy());
  stream.on('data', async (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE()) return;
    const answer = await resolver.answer(received.subarray(2), 'tcp');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    stream.end(Buffer.concat([length, answer]));
  });
}

const start = JSON.parse(process.argv[2] ?? '') as HostStart;
if ('descriptors' in start) {
  joinNetwork(start.descriptors);
  console.log('ready');
} else if ('dialInto' in start) {
  const dialer = createNamespaceDialer(start.dialInto);
  for (const port of start.ports) {
    const socket = await dialer.dial(port, new AbortController().signal);
    socket?.end('there and back');
    console.log(socket === undefined ? 'nobody' : await text(socket));
  }
} else {
  const namespace = await startNamespace({ addresses: OWN_ADDRESSES, resolvConf: RESOLV_CONF });
  const { descriptors } = namespace;
  const network = 'command' in start ? joinNetwork(descriptors) : undefined;
  if (network === undefined) console.log(JSON.stringify(descriptors));
  if ('files' in start && start.files !== undefined) {
    for (const why of (await namespace.mountFiles(start.files)).missing) console.error(why);
  }
  const command = 'command' in start ? start.command : start.commandAlone;
  process.exitCode = await namespace.run(command, { ...process.env, TP_TEST_NAMESPACE: String(descriptors.pid) });
  await network?.close();
}

function joinNetwork({ pid, tun, listener }: NamespaceDescriptors): PacketNetwork {
  return createPacketNetwork({
    device: createLinuxTun(takeDescriptor(pid, tun)),
    listener: listenerServer(takeDescriptor(pid, listener)),
    addresses: OWN_ADDRESSES,
    dialer: createLoopbackDialer(),
    resolver,
    serveDns,
    connections: () => readProgramConnections({ pid, addresses: OWN_ADDRESSES }),
    reachable: async (host) => host.startsWith('10.96.'),
    now: () => performance.now(),
    random: Math.random,
  });
}
