// Opens an ADS stream as the node that it is told to pose as and prints how it ended: node pose-as-agent.ts ADDRESS NODE TOKEN
// Run inside the cluster. Prints `<gRPC status>: <details>`, or `configured` if the control plane answered.

import * as grpc from '@grpc/grpc-js';

const [address = '', node = '', token = ''] = process.argv.slice(2);
const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const CLUSTERS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const GIVE_UP_MS = 10_000;

/** Wire form of a length-delimited protobuf field. */
const field = (number: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
/** DeltaDiscoveryRequest: node (1) with its id (1), type_url (2). */
const request = Buffer.concat([field(1, field(1, Buffer.from(node))), field(2, Buffer.from(CLUSTERS))]);
const pass = (bytes: Buffer): Buffer => bytes;

// The attacker does not care whom it talks to; the control plane has to.
const credentials = grpc.credentials.createSsl(null, null, null, {
  rejectUnauthorized: false,
  checkServerIdentity: () => undefined,
});
const client = new grpc.Client(address, credentials);
const metadata = new grpc.Metadata();
if (token) metadata.set('authorization', `Bearer ${token}`);
const call = client.makeBidiStreamRequest(PATH, pass, pass, metadata, { deadline: Date.now() + GIVE_UP_MS });
call.on('data', () => finish('configured'));
call.on('error', (error: grpc.ServiceError) => finish(`${grpc.status[error.code]}: ${error.details}`));
call.write(request);

function finish(outcome: string): void {
  process.stdout.write(`${outcome}\n`);
  process.exit(0);
}
