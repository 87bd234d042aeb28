// A process that holds a Lease at an API server on the port it is given, closes, and has then nothing left to do.

import { createKubernetesClient } from '../../control-plane/src/kubernetes/client.ts';
import { createLeases } from '../../control-plane/src/relay/leases.ts';

const [, , port] = process.argv;
const leases = createLeases({
  client: createKubernetesClient({
    getCurrentCluster: () => ({ name: 'away', server: `http://127.0.0.1:${port}`, skipTLSVerify: false }),
    applyToHTTPSOptions: async () => undefined,
  }),
  pod: { name: 'relay-0', namespace: 'kubectl-tp', uid: 'uid-0' },
  now: Date.now,
  onTrouble: () => undefined,
});
leases.hold('me');
await leases.close(200);
console.log('closed');
