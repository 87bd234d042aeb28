// Lets all programs of the laptop into a joined network: has a root helper make interface, routes and the way of names,
// moves the packets, and proves that programs arrive. Undoes everything when it fails or is closed.

import { lookup } from 'node:dns/promises';
import { formatRange, parseRange } from '@kubectl-tp/control-plane/addresses';
import { TpError } from '../../errors.ts';
import type { LaptopReport, NetworkEntry } from '../../ipc/network-messages.ts';
import { API_SERVER_NAME, CLUSTER_DOMAIN, searchPath } from '../../network/cluster-names.ts';
import { takeLinuxTun } from '../../network/device/linux-tun.ts';
import { awaitHelper, type HelperCaller } from '../../network/laptop/helper-caller.ts';
import { createRouteKeeper } from '../../network/laptop/keep-routes.ts';
import { chooseAddresses } from '../../network/laptop/laptop-addresses.ts';
import { alsoNamesOf } from '../../network/laptop/laptop-wishes.ts';
import type { RoutePlan } from '../../network/laptop/plan-routes.ts';
import { proveLaptop } from '../../network/laptop/prove-laptop.ts';
import { kept, readLaptopNetwork } from '../../network/laptop/read-laptop-network.ts';
import type { NetworkAddresses } from '../../network/network-addresses.ts';
import { openListener } from '../../network/rootless/open-listener.ts';
import { createTranslatingDialer } from '../../network/translating-dialer.ts';
import type { CallTools } from '../call-tools.ts';
import type { JoinedNetwork } from './joined-network.ts';
import type { OpenedEntry } from './network-entry.ts';
import { openPackets } from './open-packets.ts';

/** What the laptop's network needs of its surroundings. */
export type LaptopTools = CallTools & {
  readonly startHelper: (socket: string) => void;
  /** Path where the helper connects. */
  readonly helperSocket: string;
  /** Names or addresses by which the API server is reached: never through itself. */
  readonly apiHosts: readonly string[];
  /** The same of the relays, where they are reached without it. */
  readonly relayHosts: readonly string[];
};

type LaptopEntry = Extract<NetworkEntry, { kind: 'laptop' }>;

/** Throws TpError or the signal's reason. */
export async function openLaptop(
  entry: LaptopEntry,
  network: JoinedNetwork,
  tools: LaptopTools,
): Promise<Required<Omit<OpenedEntry, 'result'>> & Pick<OpenedEntry, 'result'>> {
  const { signal } = tools;
  const apiServer = kept(await addressesOf(tools.apiHosts), 'the API server');
  const relays = kept(await addressesOf(tools.relayHosts), 'a relay');
  const addresses = freeAddresses(network);
  tools.progress("Asking for root, to change this laptop's network");
  const helper = await awaitHelper(tools.helperSocket, { start: tools.startHelper, signal });
  const undoing: (() => Promise<void> | void)[] = [helper.end];
  const undo = async () => {
    const failures: unknown[] = [];
    // The last step has root's changes undone: a failure before must not keep them.
    for (const step of undoing.splice(0).toReversed()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    const made = await helper.call('create', { addresses });
    const packets = join(made.interface, addresses, network);
    undoing.push(packets.close);
    const routes = createRouteKeeper({
      ...{ addresses: network.addresses, translation: network.translation },
      own: rangesOf([addresses.ipv4, addresses.ipv6].flatMap(({ program, gateway }) => [program, gateway])),
      also: rangesOf(entry.alsoProxy),
      never: rangesOf(entry.neverProxy),
      kept: [...apiServer, ...relays],
      hasIpv6: made.hasIpv6,
      readLaptopNetwork: () => readLaptopNetwork(made.interface),
      helper,
    });
    await routes.update();
    // A helper that is gone is told by its own report; the answer to the program must not wait for it.
    undoing.push(network.addresses.listen(() => routes.update().catch(() => undefined)));
    const { way } = await helper.call('dns', namesOf(entry, network));
    undoing.push(() => endNames(helper));
    tools.progress('Looking whether programs of this laptop reach the cluster');
    const gateway = addresses.ipv4.gateway;
    await proveLaptop({ name: API_SERVER_NAME, gateway, interface: made.interface, signal });

    let state: LaptopReport['helper']['state'] = 'running';
    void helper.ended.then((how) => {
      if (how === 'killed') state = 'killed';
    });
    const report = (): LaptopReport => ({
      interface: made.interface,
      gateway,
      dns: way,
      ...describePlan(routes.plan),
      helper: { pid: helper.pid, state },
    });
    return { result: { laptop: report() }, laptop: report, over: undone(helper), close: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

/** Programs of the laptop reach everything but the cluster without us: whatever comes here is for the relays. */
function join(name: string, addresses: NetworkAddresses, { cluster, translation, resolver }: JoinedNetwork) {
  const descriptors = { tun: takeLinuxTun(name), listener: openListener(name) };
  const dialer = createTranslatingDialer(cluster, translation);
  return openPackets({ addresses, dialer, resolver, pid: 'self', descriptors });
}

function freeAddresses({ addresses }: JoinedNetwork): NetworkAddresses {
  const { routes, kept: own } = readLaptopNetwork();
  const chosen = chooseAddresses([
    ...[...routes, ...own].map(({ range }) => range),
    ...rangesOf([...addresses.ranges, ...addresses.singles]),
  ]);
  if (chosen !== undefined) return chosen;
  throw new TpError('HELPER_FAILED', 'Each address that the interface could have is in a network of this laptop.', {
    hint: 'Use a network for one command, which is apart from them: kubectl tp connect -- CMD',
  });
}

function describePlan({ routes, pairs, except, leftOut }: RoutePlan) {
  const translated = pairs.map(({ real, shown, why }) => ({
    cluster: formatRange(real),
    laptop: formatRange(shown),
    why,
  }));
  return { routes, translated, asTheyAre: except.map(formatRange), leftOut };
}

function namesOf({ alsoProxy }: LaptopEntry, { namespace }: JoinedNetwork) {
  return { search: searchPath(namespace), domains: [CLUSTER_DOMAIN, ...alsoNamesOf(alsoProxy)] };
}

/** Of a helper that is gone nobody can; then the network ends without it. */
async function endNames(helper: HelperCaller): Promise<void> {
  await helper.call('endDns', {}).catch(() => undefined);
}

/**
 * A helper that was told to end has put everything back. While one was killed, programs still ask our gateway for names:
 * the network goes on until somebody ends it.
 */
async function undone({ ended }: HelperCaller): Promise<void> {
  if ((await ended) === 'killed') await new Promise(() => undefined);
}

/** A name that has no address now has none that could be led astray. */
async function addressesOf(hosts: readonly string[]): Promise<string[]> {
  const found = await Promise.all(hosts.map((host) => lookup(host, { all: true }).catch(() => [])));
  return found.flat().map(({ address }) => address);
}

const rangesOf = (texts: readonly string[]) => texts.map(parseRange).filter((range) => range !== undefined);
