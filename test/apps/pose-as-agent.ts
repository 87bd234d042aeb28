// Opens an ADS stream as the node that it is told to pose as and prints how it ended: node pose-as-agent.ts ADDRESS NODE TOKEN
// Run inside the cluster, with nothing but Node. Prints `<gRPC status>: <details>`, or `configured` if the control plane
// answered.

import { connect } from 'node:http2';

const [address = '', node = '', token = ''] = process.argv.slice(2);
const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const CLUSTERS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const GIVE_UP_MS = 10_000;
/** Of grpc/doc/statuscodes.md. */
const STATUS: Readonly<Record<string, string>> = { 7: 'PERMISSION_DENIED', 14: 'UNAVAILABLE', 16: 'UNAUTHENTICATED' };

/** Wire form of a length-delimited protobuf field. */
const field = (number: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
/** DeltaDiscoveryRequest: node (1) with its id (1), type_url (2). */
const request = Buffer.concat([field(1, field(1, Buffer.from(node))), field(2, Buffer.from(CLUSTERS))]);
/** Length-prefixed message of grpc/doc/PROTOCOL-HTTP2.md, not compressed. */
const head = Buffer.alloc(5);
head.writeUInt32BE(request.length, 1);

// The attacker does not care whom it talks to; the control plane has to.
const session = connect(`https://${address}`, { rejectUnauthorized: false, checkServerIdentity: () => undefined });
session.on('error', (error) => finish(String(error)));
const call = session.request({
  ':method': 'POST',
  ':path': PATH,
  'content-type': 'application/grpc',
  te: 'trailers',
  ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
});
call.on('error', (error) => finish(String(error)));
// A refusal without a message comes in the headers, another one in trailers.
call.on('response', finishByStatus);
call.on('trailers', finishByStatus);
call.on('data', () => finish('configured'));
call.write(Buffer.concat([head, request]));
setTimeout(() => finish('no answer'), GIVE_UP_MS);

function finishByStatus(headers: Readonly<Record<string, unknown>>): void {
  const status = headers['grpc-status'];
  if (status === undefined) return;
  finish(`${STATUS[String(status)] ?? status}: ${decodeURIComponent(String(headers['grpc-message'] ?? ''))}`);
}

function finish(outcome: string): void {
  process.stdout.write(`${outcome}\n`);
  process.exit(0);
}
