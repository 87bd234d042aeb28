// A resolver with what tests need around it: upstreams that tell what they were asked, questions as programs send them.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import { type Answer, type DecodedPacket, decode, encode, type Packet, type RecordType } from 'dns-packet';
import {
  createResolver,
  type DnsTransport,
  type Resolver,
  type ResolverOptions,
} from '../../kubectl-tp/src/network/dns/resolver.ts';
import { serveDnsStream } from '../../kubectl-tp/src/network/dns/serve-dns-stream.ts';
import { listen } from './loopback.ts';
import { respondFrom, upstreamOf } from './name-server.ts';

/** The names of a cluster with a namespace `team-a` (the laptop's) and `shop`. */
export const CLUSTER: readonly Answer[] = [
  { type: 'A', name: 'web.team-a.svc.cluster.local', ttl: 30, data: '10.96.0.1' },
  { type: 'A', name: 'db.shop.svc.cluster.local', ttl: 30, data: '10.96.0.2' },
  { type: 'A', name: 'db-0.db.shop.svc.cluster.local', ttl: 30, data: '10.244.1.2' },
  { type: 'A', name: 'queue-0.queue.team-a.svc.cluster.local', ttl: 30, data: '10.244.1.3' },
  { type: 'A', name: '10-244-1-2.shop.pod.cluster.local', ttl: 30, data: '10.244.1.2' },
  {
    type: 'SRV',
    name: '_http._tcp.db.shop.svc.cluster.local',
    ttl: 30,
    data: { priority: 0, weight: 100, port: 80, target: 'db.shop.svc.cluster.local' },
  },
  { type: 'PTR', name: '2.0.96.10.in-addr.arpa', ttl: 30, data: 'db.shop.svc.cluster.local' },
];

export const OUTSIDE: readonly Answer[] = [
  { type: 'A', name: 'example.com', ttl: 300, data: '192.0.2.1' },
  { type: 'AAAA', name: 'example.com', ttl: 300, data: '2001:db8::1' },
  { type: 'A', name: 'www.example.com', ttl: 300, data: '192.0.2.2' },
  { type: 'MX', name: 'example.com', ttl: 300, data: { preference: 10, exchange: 'mail.example.com' } },
  { type: 'TXT', name: 'example.com', ttl: 300, data: ['v=spf1 -all'] },
  { type: 'PTR', name: '1.2.0.192.in-addr.arpa', ttl: 300, data: 'www.example.com' },
];

type Respond = (query: DecodedPacket) => Packet | undefined;

export function createTestResolver({
  cluster = respondFrom(CLUSTER),
  laptop = respondFrom(OUTSIDE),
  ...options
}: { cluster?: Respond; laptop?: Respond } & Partial<Omit<ResolverOptions, 'cluster' | 'laptop'>> = {}) {
  const upstreams = { cluster: upstreamOf(cluster), laptop: upstreamOf(laptop) };
  const resolver = createResolver({
    clusterDomain: 'cluster.local',
    namespace: 'team-a',
    isClusterAddress: (address) => address.startsWith('10.') || address.startsWith('fd00:'),
    ownNames: new Map([['host.tp.internal', ['172.31.255.1', 'fd00::ffff']]]),
    ...upstreams,
    ...options,
  });
  const ask = async (question: TestQuestion) => {
    const { transport = 'udp' } = question;
    return decode(await resolver.answer(buildTestQuestion(question), transport));
  };
  return { resolver, ask, asked: { cluster: upstreams.cluster.asked, laptop: upstreams.laptop.asked } };
}

export type TestQuestion = {
  readonly name: string;
  readonly type?: RecordType;
  readonly id?: number;
  readonly transport?: DnsTransport;
  /** With EDNS: the size that it allows. */
  readonly udpBytes?: number;
  readonly ednsVersion?: number;
  readonly wantsDnssec?: boolean;
};

export function buildTestQuestion({ name, type = 'A', id = 7, ...edns }: TestQuestion): Buffer {
  const { udpBytes, ednsVersion = 0, wantsDnssec = false } = edns;
  const flags = wantsDnssec ? 1 << 15 : 0;
  const options = { type: 'OPT', name: '.', extendedRcode: 0, ednsVersion, flags, flag_do: wantsDnssec } as const;
  return encode({
    type: 'query',
    id,
    flags: 1 << 8,
    questions: [{ type, name }],
    additionals: udpBytes === undefined ? [] : [{ ...options, udpPayloadSize: udpBytes, options: [] }],
  });
}

/** `A 10.96.0.1`, in the order of the message. */
export function recordsOf({ answers = [] }: Packet): string[] {
  return answers.map((record) => ('data' in record ? `${record.type} ${JSON.stringify(record.data)}` : record.type));
}

export const rcodeOf = ({ flags = 0 }: Packet): number => flags & 15;

/** Puts a resolver on a port of loopback, for programs. */
export async function serveResolver(t: ExecutionContext, resolver: Resolver): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => serveDnsStream(socket, resolver));
  const port = await listen(t, server);
  const udp = createSocket('udp4', async (message, from) => {
    const reply = await resolver.answer(message, 'udp');
    if (reply.length > 0) udp.send(reply, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  t.teardown(() => udp.close());
  return port;
}
