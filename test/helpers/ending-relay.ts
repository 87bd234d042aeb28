// A process that holds a Lease at an API server on the port it is given, closes, and has then nothing left to do.

import { KubeConfig } from '@kubernetes/client-node';
import { createKubernetesClient } from '../../control-plane/src/kubernetes/index.ts';
import { createLeases } from '../../control-plane/src/relay/leases.ts';

const [, , port] = process.argv;
const kubeConfig = new KubeConfig();
kubeConfig.loadFromClusterAndUser(
  { name: 'away', server: `http://127.0.0.1:${port}`, skipTLSVerify: false },
  { name: 'me' },
);

const leases = createLeases({
  client: createKubernetesClient(kubeConfig),
  pod: { name: 'relay-0', namespace: 'kubectl-tp', uid: 'uid-0' },
  now: Date.now,
  onTrouble: () => undefined,
});
leases.hold('me');
await leases.close(200);
console.log('closed');
