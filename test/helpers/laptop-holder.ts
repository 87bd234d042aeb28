// A program for tests: the session process's part in the network of a whole laptop, with loopback in the cluster's place.
// It stands in a namespace that plays the laptop. Prints a line of JSON for each thing that happens; a line on its input
// ends the network.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { createAddressTranslation } from '../../kubectl-tp/src/network/address-translation.ts';
import { createClusterAddresses } from '../../kubectl-tp/src/network/cluster-addresses.ts';
import { CLUSTER_DOMAIN } from '../../kubectl-tp/src/network/cluster-names.ts';
import { createLaptopUpstream } from '../../kubectl-tp/src/network/dns/laptop-upstream.ts';
import { createResolver } from '../../kubectl-tp/src/network/dns/resolver.ts';
import { createTranslatingUpstream } from '../../kubectl-tp/src/network/dns/translating-upstream.ts';
import { BACKUP_PATH } from '../../kubectl-tp/src/network/helper/resolv-conf-file.ts';
import { alsoNamesOf } from '../../kubectl-tp/src/network/laptop/laptop-wishes.ts';
import { createLearningUpstream } from '../../kubectl-tp/src/network/learning-upstream.ts';
import { openLaptop } from '../../kubectl-tp/src/session/networks/laptop-entry.ts';
import { respondFrom, startNameServer, upstreamOf } from './name-server.ts';
import { createLoopbackDialer } from './test-dialer.ts';

export type HolderStart = {
  readonly helperSocket: string;
  readonly ranges: readonly string[];
  readonly alsoProxy?: readonly string[];
  readonly neverProxy?: readonly string[];
  readonly apiHosts?: readonly string[];
  /** Beside another one, which has the servers. */
  readonly isSecond?: boolean;
};

/** Of the laptop, whose resolv.conf in tests names this server. */
const LAPTOP_SERVER = '127.0.0.9';
const PORT = 53;
/** Where a server of the cluster listens, which says hello. */
export const APP_PORT = 8080;

const start = JSON.parse(process.argv[2] ?? '') as HolderStart;
const say = (what: object) => console.log(JSON.stringify(what));

const lifetime = { teardown: () => undefined };
const outside = respondFrom([{ type: 'A', name: 'www.outside.test', ttl: 5, data: '198.51.100.7' }]);
if (start.isSecond !== true) {
  await startNameServer(lifetime, { respond: outside, host: LAPTOP_SERVER, port: PORT });
  createServer((socket) => socket.on('error', () => socket.destroy()).end('hello')).listen(APP_PORT, '127.0.0.1');
}

const { alsoProxy = [], neverProxy = [], apiHosts = [], helperSocket, ranges } = start;
const addresses = createClusterAddresses();
addresses.setRanges(ranges);
addresses.setKnown('pods shop', ['10.244.7.7']);
const translation = createAddressTranslation(addresses.has);
const names = {
  clusterDomain: CLUSTER_DOMAIN,
  namespace: 'shop',
  isClusterAddress: translation.isClusters,
  ownNames: new Map(),
  alsoNames: alsoNamesOf(alsoProxy),
};
const cluster = respondFrom([
  { type: 'A', name: 'kubernetes.default.svc.cluster.local', ttl: 5, data: '10.96.0.1' },
  { type: 'A', name: 'db.shop.svc.cluster.local', ttl: 5, data: '10.96.0.9' },
  { type: 'A', name: 'far.other.svc.cluster.local', ttl: 5, data: '172.20.5.5' },
  { type: 'A', name: 'api.shop.svc.cluster.local', ttl: 5, data: '172.21.3.3' },
  { type: 'AAAA', name: 'api.shop.svc.cluster.local', ttl: 5, data: 'fd00:77::9' },
  { type: 'PTR', name: '3.3.21.172.in-addr.arpa', ttl: 5, data: 'api.shop.svc.cluster.local' },
  { type: 'A', name: 'vault.corp.test', ttl: 5, data: '172.23.6.6' },
]);
const dialer = createLoopbackDialer();
const network = {
  namespace: 'shop',
  dialer,
  cluster: dialer,
  addresses,
  translation,
  resolver: createResolver({
    ...names,
    cluster: createTranslatingUpstream(
      createLearningUpstream(upstreamOf(cluster), { ...names, learn: addresses.learn }),
      translation,
    ),
    laptop: createLaptopUpstream({ instead: BACKUP_PATH }),
  }),
};

try {
  const opened = await openLaptop({ kind: 'laptop', alsoProxy, neverProxy }, network, {
    signal: new AbortController().signal,
    progress: () => undefined,
    startHelper: (path) => say({ startHelper: path }),
    helperSocket,
    apiHosts,
    relayHosts: [],
  });
  say({ ready: opened.laptop() });
  void opened.over.then(() => say({ over: true }));
  process.stdin.on('data', (line) => {
    if (String(line) === 'report\n') say({ report: opened.laptop(), dialed: [...new Set(dialer.dialed)] });
  });
  process.stdin.resume();
  await once(process.stdin, 'end');
  await opened.close();
  say({ closed: true });
  process.exit(0);
} catch (error) {
  say({ failed: error instanceof Error ? { ...error, message: error.message } : String(error) });
  process.exit(1);
}
