// What the gateway of the interface answers by itself: DNS questions to its address, echo requests to it, and in the
// name of other addresses that can be reached.

import type { Duplex } from 'node:stream';
import { formatAddress, parseAddress } from '@kubectl-tp/control-plane/addresses';
import { buildDatagram, buildUnreachable, turnIntoEchoReply } from './answers.ts';
import type { Resolver } from './dns/resolver.ts';
import type { NetworkAddresses } from './network-addresses.ts';
import { destinationAddress, type Packet } from './packet.ts';
import type { TcpFlow } from './tcp-flow.ts';
import { backwards, datagramOf } from './udp-flows.ts';

export type Gateway = {
  /** The gateway's own address in the packet's family. */
  addressFor(packet: Packet): Buffer;
  isAddressedBy(packet: Packet): boolean;
  /** Of a socket's other end, which may be an IPv4 address written as an IPv6 one. */
  isGateway(address: string): boolean;
  /** How a TCP port of the gateway is served; 'dial' for every other address, undefined when nobody listens. */
  serviceAt(flow: TcpFlow): ((stream: Duplex) => void) | 'dial' | undefined;
  /** UDP to the gateway. Keeps the packet. */
  answerDatagram(packet: Packet): Promise<void>;
  /** An echo request. Keeps the packet. */
  answerEcho(packet: Packet): Promise<void>;
};

export type GatewayOptions = {
  readonly addresses: NetworkAddresses;
  readonly resolver: Resolver;
  readonly serveDns: (stream: Duplex) => void;
  readonly reachable: (host: string) => Promise<boolean>;
  readonly write: (packet: Buffer) => void;
};

const DNS_PORT = 53;
/** Questions under way, each with a packet of up to 64 KiB. Programs repeat a question that gets no answer. */
const MAX_PENDING = 1024;

export function createGateway({ addresses, resolver, serveDns, reachable, write }: GatewayOptions): Gateway {
  const own = { 4: parseAddress(addresses.ipv4.gateway), 6: parseAddress(addresses.ipv6.gateway) };
  const texts = [addresses.ipv4.gateway, `::ffff:${addresses.ipv4.gateway}`, addresses.ipv6.gateway];
  let pending = 0;

  async function limited(answer: () => Promise<void>): Promise<void> {
    if (pending >= MAX_PENDING) return;
    pending += 1;
    try {
      await answer();
    } finally {
      pending -= 1;
    }
  }

  function writeIfAny(packet: Buffer | undefined): void {
    if (packet !== undefined) write(packet);
  }

  return {
    addressFor: ({ version }) => own[version],
    isAddressedBy: (packet) => own[packet.version].equals(destinationAddress(packet)),
    isGateway: (address) => texts.includes(address),
    serviceAt({ endpoint: { host, port } }) {
      if (!texts.includes(host)) return 'dial';
      return port === DNS_PORT ? serveDns : undefined;
    },
    answerDatagram(packet) {
      return limited(async () => {
        const ends = backwards(packet);
        if (ends.sourcePort !== DNS_PORT) return writeIfAny(buildUnreachable(packet, 'port', own[packet.version]));
        const answer = await resolver.answer(datagramOf(packet), 'udp');
        if (answer.length > 0) writeIfAny(buildDatagram(ends, answer));
      });
    },
    answerEcho(packet) {
      return limited(async () => {
        const host = formatAddress(destinationAddress(packet));
        if (texts.includes(host) || (await reachable(host))) {
          turnIntoEchoReply(packet);
          write(packet.buffer);
          return;
        }
        writeIfAny(buildUnreachable(packet, 'host', own[packet.version]));
      });
    },
  };
}
