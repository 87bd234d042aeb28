// Which relay an agent probes: always one of those that are there, and not the same one for all agents.

import test from 'ava';
import { chooseProbedRelay } from '../../../xds/src/translator/probe-cluster.ts';

const RELAYS = ['10.0.0.8', '10.0.0.9', '10.0.1.1'].map((address) => ({ address, port: 8443 }));
const tunnelTo = (relays: typeof RELAYS) => ({ session: 's1', peerName: 's1.session.tp', relays });

test('pods with neighbouring addresses probe different relays, together all of them', (t) => {
  const probed = [5, 6, 7].map((last) => chooseProbedRelay(tunnelTo(RELAYS), `10.244.0.${last}`));
  t.is(new Set(probed).size, RELAYS.length);
});

test('an agent stays with its relay as long as the relays stay', (t) => {
  const again = () => chooseProbedRelay(tunnelTo(RELAYS), 'fd00::1:5');
  t.deepEqual(again(), again());
  t.true(RELAYS.some((relay) => relay === again()));
});

test('without relays there is nothing to probe', (t) => {
  t.is(chooseProbedRelay(tunnelTo([]), '10.244.0.5'), undefined);
});
