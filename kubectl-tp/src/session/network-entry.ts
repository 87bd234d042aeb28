// Lets programs into a joined network: those of a namespace of their own by packets, others by a proxy.

import { OWN_ADDRESSES } from '../network/network-addresses.ts';
import { DialError, type Dialer } from '../outbound/dialer.ts';
import type { ConnectResult, NetworkEntry } from './api.ts';
import type { JoinedNetwork } from './joined-network.ts';

export type OpenedEntry = {
  readonly result: Pick<ConnectResult, 'proxy'>;
  close(): Promise<void>;
};

/** Throws when the namespace is gone or the proxy's port is taken. */
export async function openEntry(entry: NetworkEntry, network: JoinedNetwork): Promise<OpenedEntry> {
  // Each brings what the other does without: system calls here, protocols there.
  if (entry.kind === 'proxy') return openProxy(entry, network);
  return openNamespace(entry, network);
}

type Entry<K extends NetworkEntry['kind']> = Extract<NetworkEntry, { kind: K }>;

async function openProxy(
  { host, port, credentials: asked }: Entry<'proxy'>,
  { dialer, resolver }: JoinedNetwork,
): Promise<OpenedEntry> {
  const { createProxy } = await import('../proxy/proxy.ts');
  const { drawCredentials } = await import('../proxy/credentials.ts');
  const { lookup } = await import('../network/dns/lookup.ts');
  const credentials = asked === 'drawn' ? drawCredentials() : asked;
  const proxy = await createProxy({ dialer, lookup: (name) => lookup(resolver, name), host, port, credentials });
  const told = { ...proxy.address, ...(credentials === undefined ? {} : { credentials }) };
  return { result: { proxy: told }, close: proxy.close };
}

async function openNamespace(
  { descriptors: { pid, tun, listener } }: Entry<'namespace'>,
  { dialer, resolver }: JoinedNetwork,
): Promise<OpenedEntry> {
  const [{ createPacketNetwork }, { createLinuxTun }, { takeDescriptor }, { listenerServer }, { serveDnsStream }] =
    await Promise.all([
      import('../network/packet-network.ts'),
      import('../network/device/linux-tun.ts'),
      import('../network/rootless/take-descriptor.ts'),
      import('../network/rootless/open-listener.ts'),
      import('../network/dns/serve-dns-stream.ts'),
    ]);
  const packets = createPacketNetwork({
    device: createLinuxTun(takeDescriptor(pid, tun)),
    listener: await listenerServer(takeDescriptor(pid, listener)),
    addresses: OWN_ADDRESSES,
    dialer,
    resolver,
    serveDns: (stream) => serveDnsStream(stream, resolver),
    reachable: (host) => isReachable(dialer, host),
    now: () => performance.now(),
    random: Math.random,
  });
  return { result: {}, close: packets.close };
}

/** RFC 862's port, which hardly anybody listens on: a refusal comes from there, too. */
const ECHO_PORT = 7;
const REACHABLE_WITHIN_MS = 3000;

async function isReachable(dialer: Dialer, host: string): Promise<boolean> {
  try {
    const stream = await dialer.connect({ host, port: ECHO_PORT }, AbortSignal.timeout(REACHABLE_WITHIN_MS));
    stream.destroy();
    return true;
  } catch (error) {
    return error instanceof DialError && error.failure === 'refused';
  }
}

/** Addresses by which programs that come this way call the laptop. */
export function laptopAddresses({ kind }: NetworkEntry): readonly string[] {
  return kind === 'proxy' ? ['127.0.0.1'] : [OWN_ADDRESSES.ipv4.gateway, OWN_ADDRESSES.ipv6.gateway];
}
