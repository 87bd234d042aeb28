// What `status` says of a network is proven now, by a name and by a connection, and says which of the two fails.

import test from 'ava';
import type { LaptopReport } from '../../../kubectl-tp/src/ipc/network-messages.ts';
import type { NetworkReport } from '../../../kubectl-tp/src/ipc/report-messages.ts';
import { formatNetwork } from '../../../kubectl-tp/src/output/format-network.ts';
import { proveLaptopNow, proveOutbound } from '../../../kubectl-tp/src/session/networks/prove-network.ts';
import { startApp } from '../../helpers/loopback.ts';
import { respondFrom, upstreamOf } from '../../helpers/name-server.ts';
import { createLoopbackDialer } from '../../helpers/test-dialer.ts';

const NAME = 'kubernetes.default.svc.cluster.local';
const ask = upstreamOf(respondFrom([{ type: 'A', name: NAME, ttl: 5, data: '10.96.0.1' }]));

test('a name is found and what was found is connected to, or which of them failed', async (t) => {
  const asked: object[] = [];
  const { connect: dial } = createLoopbackDialer();
  // Nobody listens on that port of loopback.
  const refused = await proveOutbound({ ask, connect: (to, signal) => dial({ ...to, port: 1 }, signal) });
  t.like(refused, { lookup: { name: NAME }, connection: { to: '10.96.0.1:443' } });
  t.regex(JSON.stringify(refused.connection), /"error":".*ECONNREFUSED/);
  const { port } = await startApp(t, (socket) => socket.resume());
  const proven = await proveOutbound({
    ask,
    connect(to, signal) {
      asked.push(to);
      return dial({ ...to, port }, signal);
    },
  });
  t.deepEqual(asked, [{ host: '10.96.0.1', port: 443 }]);
  t.true('ms' in proven.lookup && proven.connection !== undefined && 'ms' in proven.connection, JSON.stringify(proven));
  const silent = await proveOutbound({ ask: upstreamOf(respondFrom([])), connect: dial });
  t.deepEqual(Object.keys(silent), ['lookup']);
  t.regex(JSON.stringify(silent.lookup), /does not know kubernetes/);
});

test('a laptop without the cluster’s names is told so', async (t) => {
  // The machine of this test is in no cluster.
  const { lookup, connection } = await proveLaptopNow(() => ({ routes: [] }) as unknown as LaptopReport);
  t.true('error' in lookup);
  t.is(connection, undefined);
});

const REPORT: NetworkReport = {
  namespace: 'shop',
  mode: 'laptop',
  ranges: ['10.96.0.0/16'],
  clusterDomain: 'cluster.local',
  since: '2026-01-02T03:04:05.000Z',
  lookup: { name: NAME, ms: 4.2 },
  connection: { to: '10.96.0.1:443', ms: 6 },
  relays: [
    { pod: 'tp-relay-1', state: 'up', way: 'port-forward', rttMs: 7 },
    { pod: 'tp-relay-2', state: 'waiting', error: 'connection refused' },
  ],
  laptop: {
    interface: 'tp0',
    gateway: '192.0.0.2',
    dns: 'resolv.conf',
    routes: ['10.96.0.0/16'],
    translated: [],
    asTheyAre: [],
    leftOut: ['10.0.0.0/8 stays out of reach.'],
    helper: { pid: 7, state: 'running' },
  },
};

test('a network as people read it', (t) => {
  const nowMs = Date.parse('2026-01-02T03:08:05.000Z');
  t.snapshot(formatNetwork(REPORT, nowMs));
  const { laptop: _, ...command } = REPORT;
  const lookup = { name: NAME, error: 'nobody answers' };
  const failed = formatNetwork({ ...command, mode: 'namespace', ranges: [], lookup }, nowMs);
  t.regex(failed, /name +FAILED: nobody answers\n/);
  t.regex(failed, /for +one command\n/);
  const proxy = { host: '127.0.0.1', port: 7 };
  t.regex(formatNetwork({ ...command, mode: 'proxy', proxy }, nowMs), /the proxy 127\.0\.0\.1:7\n/);
});
