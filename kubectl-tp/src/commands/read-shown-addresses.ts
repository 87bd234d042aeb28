// How programs of this laptop know the addresses of the cluster, from what the session process tells.

import { rangeOf } from '@kubectl-tp/control-plane/addresses';
import type { ShownOf } from '../environment/translate-addresses.ts';
import type { NetworkReport } from '../ipc/report-messages.ts';
import { createAddressTranslation } from '../network/address-translation.ts';

export function readShownAddresses(networks: readonly NetworkReport[]): ShownOf {
  const { translated, asTheyAre: except } = networks.find(({ laptop }) => laptop !== undefined)?.laptop ?? {};
  if (translated === undefined) return (address) => address;
  const translation = createAddressTranslation(() => true);
  translation.setRules({
    pairs: translated.map(({ cluster, laptop }) => ({ real: rangeOf(cluster), shown: rangeOf(laptop) })),
    except: (except ?? []).map(rangeOf),
  });
  return translation.shownOf;
}
