// A small DNS server with a zone of records, over real UDP and TCP on one port of loopback. It counts what it is asked.

import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import { type Answer, type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import { frameDatagram } from '../../control-plane/src/protocol/index.ts';
import { readFrames } from '../../kubectl-tp/src/network/dns/dns-frames.ts';
import type { DnsUpstream } from '../../kubectl-tp/src/network/dns/resolver.ts';

export const NO_SUCH_NAME = 3;

export type NameServer = {
  readonly port: number;
  /** `A db.shop.svc.cluster.local`, in the order in which they came; over TCP with `tcp ` in front. */
  readonly asked: string[];
  /** Where each datagram came from. */
  readonly ports: number[];
  /** Resolves with the first question. */
  readonly wasAsked: Promise<void>;
  close(): void;
};

export type NameServerOptions = {
  /** Undefined: no answer at all. Buffers: these datagrams. */
  readonly respond: (query: DecodedPacket, transport: 'udp' | 'tcp') => Packet | Buffer[] | undefined;
  readonly host?: string;
  readonly port?: number;
};

export async function startNameServer(
  t: Pick<ExecutionContext, 'teardown'>,
  { respond, host = '127.0.0.1', port: wantedPort = 0 }: NameServerOptions,
): Promise<NameServer> {
  const asked: string[] = [];
  const ports: number[] = [];
  const wasAsked = Promise.withResolvers<void>();
  const answer = (message: Buffer, transport: 'udp' | 'tcp'): Buffer[] => {
    const query = decode(message);
    asked.push(`${transport === 'tcp' ? 'tcp ' : ''}${describeQuestion(query)}`);
    wasAsked.resolve();
    const response = respond(query, transport) ?? [];
    return Array.isArray(response) ? response : [encode(response)];
  };
  const server = createServer(async (socket) => {
    socket.on('error', () => socket.destroy());
    for await (const message of readFrames(socket)) {
      const responses = answer(message, 'tcp');
      for (const response of responses) socket.write(frameDatagram(response));
      if (responses.length === 0) socket.end();
    }
    socket.end();
  }).listen(wantedPort, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (message: Buffer, from: RemoteInfo) => {
    ports.push(from.port);
    for (const response of answer(message, 'udp')) udp.send(response, from.port, from.address);
  });
  udp.bind(port, host);
  await once(udp, 'listening');
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    udp.close();
    server.close();
  };
  t.teardown(close);
  return { port, asked, ports, wasAsked: wasAsked.promise, close };
}

/** Answers from these records; what is of another type is an empty answer, what is not there does not exist. */
export function respondFrom(records: readonly Answer[]): (query: DecodedPacket) => Packet {
  return (query) => {
    const [question] = query.questions ?? [];
    const name = question?.name.toLowerCase();
    const ofName = records.filter((record) => record.name.toLowerCase() === name);
    const answers = ofName.filter(({ type }) => type === question?.type || String(question?.type) === 'ANY');
    return responseTo(query, { answers, rcode: ofName.length === 0 ? NO_SUCH_NAME : 0 });
  };
}

export function responseTo(query: Packet, { answers = [], rcode = 0 }: { answers?: Answer[]; rcode?: number }): Packet {
  const { id = 0, questions = [] } = query;
  const authorities = answers.length === 0 ? [authority] : [];
  return { id, type: 'response', flags: (1 << 10) | rcode, questions, answers, authorities };
}

const authority: Answer = {
  type: 'SOA',
  name: 'cluster.local',
  ttl: 5,
  data: { mname: 'ns.dns.cluster.local', rname: 'hostmaster.cluster.local', serial: 1, minimum: 5 },
};

/** The same without a network: an upstream that answers from a function and tells what it was asked. */
export function upstreamOf(respond: (query: DecodedPacket) => Packet | undefined): DnsUpstream & { asked: string[] } {
  const asked: string[] = [];
  const upstream: DnsUpstream = async (message) => {
    const query = decode(message);
    asked.push(describeQuestion(query));
    const response = respond(query);
    // Never answered: the resolver has to end it.
    return response === undefined ? new Promise(() => undefined) : encode(response);
  };
  return Object.assign(upstream, { asked });
}

function describeQuestion({ questions = [] }: Packet): string {
  return questions.map(({ type, name }) => `${type} ${name}`).join();
}
