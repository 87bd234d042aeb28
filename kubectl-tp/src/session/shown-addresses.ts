// How programs that the caller of this session starts know the addresses of the cluster.

import { rangeOf } from '@kubectl-tp/control-plane/addresses';
import { createAddressTranslation } from '../network/address-translation.ts';
import type { InsideDialer } from '../tunnel/local-target.ts';
import type { NetworkReport } from './api.ts';
import type { LiveSession } from './live-session.ts';

export type ShownOf = (address: string) => string;

const asTheyAre: ShownOf = (address) => address;

/** A command in a network of its own has no other way to them, so they are there as they are. */
export async function findShownAddresses(
  live: LiveSession | undefined,
  inside: Promise<InsideDialer | undefined> | undefined,
): Promise<ShownOf> {
  const joined = live?.networks.all().find(({ result }) => result.mode === 'laptop');
  return joined === undefined || (await inside) !== undefined ? asTheyAre : joined.network.translation.shownOf;
}

/** The same from what the session process tells. */
export function readShownAddresses(networks: readonly NetworkReport[]): ShownOf {
  const { translated, asTheyAre: except } = networks.find(({ laptop }) => laptop !== undefined)?.laptop ?? {};
  if (translated === undefined) return asTheyAre;
  const translation = createAddressTranslation(() => true);
  translation.setRules({
    pairs: translated.map(({ cluster, laptop }) => ({ real: rangeOf(cluster), shown: rangeOf(laptop) })),
    except: (except ?? []).map(rangeOf),
  });
  return translation.shownOf;
}
