// How programs that the caller of this session starts know the addresses of the cluster.

import type { ShownOf } from '../../environment/translate-addresses.ts';
import type { InsideDialer } from '../../tunnel/local-target.ts';
import type { LiveSession } from '../live-session.ts';

const asTheyAre: ShownOf = (address) => address;

/** A command in a network of its own has no other way to them, so they are there as they are. */
export async function findShownAddresses(
  live: LiveSession | undefined,
  inside: Promise<InsideDialer | undefined> | undefined,
): Promise<ShownOf> {
  const joined = live?.networks.all().find(({ result }) => result.mode === 'laptop');
  return joined === undefined || (await inside) !== undefined ? asTheyAre : joined.network.translation.shownOf;
}
