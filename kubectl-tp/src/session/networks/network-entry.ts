// Lets programs into a joined network: those of a namespace of their own and those of the whole laptop by packets, others
// by a proxy.

import { TpError } from '../../errors.ts';
import type { ConnectResult, LaptopReport, NetworkEntry } from '../../ipc/network-messages.ts';
import { LAPTOP_ADDRESSES, OWN_ADDRESSES } from '../../network/network-addresses.ts';
import type { JoinedNetwork } from './joined-network.ts';
import type { LaptopTools } from './laptop-entry.ts';

export type OpenedEntry = {
  readonly result: Pick<ConnectResult, 'proxy' | 'laptop'>;
  /** Of the whole laptop, as it is now. */
  readonly laptop?: () => LaptopReport;
  /** Resolves when it has ended by itself. */
  readonly over?: Promise<void>;
  close(): Promise<void>;
};

/** Throws when the namespace is gone, the proxy can't listen there (PORT_IN_USE, USAGE), or the laptop's network can't be changed. */
export async function openEntry(entry: NetworkEntry, network: JoinedNetwork, tools: LaptopTools): Promise<OpenedEntry> {
  // Each brings what the others do without: system calls, protocols, a helper.
  switch (entry.kind) {
    case 'proxy':
      return openProxy(entry, network);
    case 'namespace':
      return openNamespace(entry, network);
    case 'laptop':
      return (await import('./laptop-entry.ts')).openLaptop(entry, network, tools);
  }
}

type Entry<K extends NetworkEntry['kind']> = Extract<NetworkEntry, { kind: K }>;

async function openProxy(
  { host, port, credentials: asked }: Entry<'proxy'>,
  { dialer, resolver }: JoinedNetwork,
): Promise<OpenedEntry> {
  const { createProxy } = await import('../../proxy/proxy.ts');
  const { drawCredentials } = await import('../../proxy/credentials.ts');
  const { lookup } = await import('../../network/dns/lookup.ts');
  const credentials = asked === 'drawn' ? drawCredentials() : asked;
  const way = { dialer, lookup: (name: string) => lookup(resolver, name) };
  const proxy = await createProxy({ ...way, host, port, credentials }).catch((error) => {
    throw fromListenError(error, host, port);
  });
  const told = { ...proxy.address, ...(credentials === undefined ? {} : { credentials }) };
  return { result: { proxy: told }, close: proxy.close };
}

/** Anything else than an error of the place is a defect. */
function fromListenError(cause: unknown, host: string, port: number): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const hint = 'Choose another with --proxy-address HOST:PORT, or leave it out for any free port.';
  if (code === 'EADDRINUSE') {
    const message = `Port ${port} of ${host} is in use, so the proxy can't listen there.`;
    return new TpError('PORT_IN_USE', message, { hint, cause });
  }
  const why = WHY_NOT_THERE[code];
  if (why === undefined) return cause;
  return new TpError('USAGE', `The proxy can't listen on ${host}, port ${port}: ${why} (${code}).`, { hint, cause });
}

const WHY_NOT_THERE: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'the laptop has no such address',
  ENOTFOUND: 'there is no such name',
  EAI_AGAIN: 'there is no such name',
  EACCES: 'ports below 1024 are for root',
};

/** Throws when the namespace is gone. */
export async function openNamespace(
  { descriptors: { pid, tun, listener } }: Entry<'namespace'>,
  network: JoinedNetwork,
): Promise<OpenedEntry> {
  const [{ openPackets }, { takeDescriptors }] = await Promise.all([
    import('./open-packets.ts'),
    import('../../network/rootless/take-descriptor.ts'),
  ]);
  const descriptors = takeDescriptors(pid, { tun, listener });
  const { close } = openPackets({ ...network, addresses: OWN_ADDRESSES, pid, descriptors });
  return { result: {}, close };
}

/** Addresses by which programs that come this way call the laptop. */
export function laptopAddresses({ kind }: NetworkEntry): readonly string[] {
  return kind === 'namespace' ? LAPTOP_ADDRESSES : ['127.0.0.1'];
}
