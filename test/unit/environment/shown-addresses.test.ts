// Who is told which addresses: a program of a laptop that has joined the cluster's network as a whole, or a command with a
// network of its own.

import test from 'ava';
import { rangeOf } from '../../../control-plane/src/addresses/index.ts';
import { readShownAddresses } from '../../../kubectl-tp/src/commands/read-shown-addresses.ts';
import type { NetworkReport } from '../../../kubectl-tp/src/ipc/report-messages.ts';
import { createAddressTranslation } from '../../../kubectl-tp/src/network/address-translation.ts';
import { findShownAddresses } from '../../../kubectl-tp/src/session/containers/find-shown-addresses.ts';
import type { LiveSession } from '../../../kubectl-tp/src/session/live-session.ts';
import { createNetworkList, type NetworkRecord } from '../../../kubectl-tp/src/session/networks/network-list.ts';
import type { InsideDialer } from '../../../kubectl-tp/src/tunnel/local-target.ts';

const [REAL, SHOWN] = ['10.96.0.9', '198.18.0.9'];

function liveWith(mode: 'laptop' | 'proxy'): LiveSession {
  const translation = createAddressTranslation(() => true);
  translation.setRules({ pairs: [{ real: rangeOf('10.96.0.0/16'), shown: rangeOf('198.18.0.0/16') }], except: [] });
  const networks = createNetworkList();
  networks.add({ result: { mode }, network: { translation }, sinceMs: 0 } as unknown as NetworkRecord);
  return { networks } as unknown as LiveSession;
}

test('the whole laptop knows the other address; a command in its own network, and other ways, the real one', async (t) => {
  const inside = Promise.resolve({} as InsideDialer);
  for (const [live, where, expected] of [
    [liveWith('laptop'), undefined, SHOWN],
    // It could not be joined: the command runs on the laptop.
    [liveWith('laptop'), Promise.resolve(undefined), SHOWN],
    [liveWith('laptop'), inside, REAL],
    [liveWith('proxy'), undefined, REAL],
    [undefined, undefined, REAL],
  ] as const) {
    t.is((await findShownAddresses(live, where))(REAL), expected);
  }
});

test('what the session process tells is enough to know the same', (t) => {
  const laptop = {
    translated: [{ cluster: '10.96.0.0/16', laptop: '198.18.0.0/16', why: '' }],
    asTheyAre: ['10.96.7.0/24'],
  };
  const shownOf = readShownAddresses([{ laptop } as unknown as NetworkReport]);
  t.deepEqual([REAL, '10.96.7.1', '10.97.0.1'].map(shownOf), [SHOWN, '10.96.7.1', '10.97.0.1']);
  t.is(readShownAddresses([{} as NetworkReport])(REAL), REAL);
});
