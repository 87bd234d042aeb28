// Words that agent, relay and laptop share, but that xds may not import from the protocol.

import test from 'ava';
import { ALPN_PROBE } from '../../../control-plane/src/protocol/alpn.ts';
import { PROBE_ALPN } from '../../../xds/src/translator/probe-cluster.ts';

test('agents offer the ALPN by which laptops know a probe', (t) => {
  t.is(PROBE_ALPN, ALPN_PROBE);
});
