// One process of the benchmark `dns`: an echo, our resolver, or the resolver that it asks.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLaptopUpstream } from '../../kubectl-tp/src/network/dns/laptop-upstream.ts';
import { createResolver, type DnsUpstream } from '../../kubectl-tp/src/network/dns/resolver.ts';

export type DnsPart = { role: 'echo' } | { role: 'upstream' } | { role: 'resolver'; upstreamPort: number };

const [part] = (await once(process, 'message')) as [DnsPart];
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
socket.on('message', createHandler(part, socket));
socket.bind(0, '127.0.0.1');
await once(socket, 'listening');
process.send?.(socket.address().port);

function createHandler(given: DnsPart, server: Socket): (message: Buffer, from: RemoteInfo) => void {
  if (given.role === 'echo') return (message, from) => server.send(message, from.port, from.address);
  if (given.role === 'upstream') return (message, from) => server.send(answerTo(message), from.port, from.address);
  const folder = mkdtempSync(join(tmpdir(), 'tp-bench-'));
  const resolvConf = join(folder, 'resolv.conf');
  writeFileSync(resolvConf, 'nameserver 127.0.0.1\n');
  process.on('exit', () => rmSync(folder, { recursive: true }));
  process.on('SIGTERM', () => process.exit());
  const cluster: DnsUpstream = async (question) => answerTo(question);
  const resolver = createResolver({
    clusterDomain: 'cluster.local',
    namespace: 'team-a',
    isClusterAddress: () => false,
    ownNames: new Map(),
    cluster,
    laptop: createLaptopUpstream({ resolvConf, port: given.upstreamPort }),
  });
  return async (message, from) => server.send(await resolver.answer(message, 'udp'), from.port, from.address);
}

/** One address, with a TTL of 30 s. */
function answerTo(question: Buffer): Buffer {
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 96, 0, 9]);
  const answer = Buffer.concat([question, record]);
  answer.writeUInt16BE(0x8180, 2);
  answer.writeUInt16BE(1, 6);
  return answer;
}
