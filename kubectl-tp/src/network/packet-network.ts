// A network whose programs are on one side of a packet device, and whose other side is a dialer and a resolver: takes
// each packet to the part that knows what to do with it.

import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dialer } from '../outbound/dialer.ts';
import { buildReset, isEchoRequest } from './answers.ts';
import type { PacketDevice } from './device/packet-device.ts';
import type { Resolver } from './dns/resolver.ts';
import { createGateway } from './gateway.ts';
import { createNat } from './nat.ts';
import type { NetworkAddresses } from './network-addresses.ts';
import { copyPacket, type Ends, isForMany, type Packet, PROTOCOL, parsePacket } from './packet.ts';
import { resetStrangers } from './strangers.ts';
import { createTcpConnections } from './tcp-connections.ts';
import { createUdpFlows } from './udp-flows.ts';

export type PacketNetwork = {
  /** Resets all connections, and returns when programs have seen it. Closes device and listener. */
  close(): Promise<void>;
};

export type PacketNetworkOptions = {
  readonly device: PacketDevice;
  /** Listens on the programs' side, with half-open connections allowed. */
  readonly listener: Server;
  readonly addresses: NetworkAddresses;
  readonly dialer: Dialer;
  readonly resolver: Resolver;
  /** Answers DNS over TCP (RFC 7766) on a connection to the gateway, and ends it. */
  readonly serveDns: (stream: Duplex) => void;
  /** TCP connections that programs have open now, from their view: those from before this network are reset. */
  readonly connections: () => readonly Ends[];
  /** Whether an echo request to that address is answered. */
  readonly reachable: (host: string) => Promise<boolean>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
};

const SWEEP_EVERY_MS = 1000;
/** Of the event loop, each of which takes some packets from the device: enough for MAX_TCP_FLOWS. */
const MAX_CLOSING_TURNS = 1000;

export function createPacketNetwork(options: PacketNetworkOptions): PacketNetwork {
  const { device, listener, addresses, dialer, connections, now, random } = options;
  const { later, stop } = createQueue();
  const listenerPort = (listener.address() as AddressInfo).port;
  const write = (packet: Buffer) => device.write(packet, packet.length);
  const gateway = createGateway({ ...options, write });
  const nat = createNat({
    addresses,
    listenerPort,
    firstPort: Math.floor(random() * 65_536),
    onEnd: (flow) => later(() => tcp.end(flow)),
  });
  const gatewayFor = gateway.addressFor;
  const tcp = createTcpConnections({ ...gateway, nat, dialer, gatewayFor, write, now });
  const udp = createUdpFlows({ dialer, gatewayFor, write, now });

  function onPacket(buffer: Buffer, bytes: number): void {
    const packet = parsePacket(buffer, bytes);
    if (packet === undefined || isForMany(packet)) return;
    if (packet.protocol === PROTOCOL.tcp) onTcp(packet);
    else if (packet.protocol === PROTOCOL.udp) onUdp(copyPacket(packet));
    else if (isEchoRequest(packet)) onEcho(copyPacket(packet));
  }

  function onTcp(packet: Packet): void {
    const verdict = nat.translate(packet, now());
    if (verdict.kind === 'write') device.write(packet.buffer, packet.bytes);
    else if (verdict.kind === 'opening') later(() => tcp.open(verdict.flow));
    else if (verdict.kind === 'reset') {
      const reset = buildReset(packet);
      if (reset !== undefined) write(reset);
    }
  }

  function onUdp(packet: Packet): void {
    later(() => (gateway.isAddressedBy(packet) ? void gateway.answerDatagram(packet) : udp.send(packet)));
  }

  function onEcho(packet: Packet): void {
    later(() => void gateway.answerEcho(packet));
  }

  const sweep = setInterval(() => {
    nat.expire(now());
    udp.expire();
  }, SWEEP_EVERY_MS);
  const accept = (socket: Socket) => tcp.accept(socket);
  listener.on('connection', accept);
  device.start(onPacket);
  const stopResetting = resetStrangers({
    // The listener's own ends are not programs'.
    connections: () => connections().filter(({ sourcePort }) => sourcePort !== listenerPort),
    isKnown: nat.isKnown,
    write,
  });

  return {
    async close() {
      clearInterval(sweep);
      stopResetting();
      tcp.close();
      udp.close();
      // The kernel's resets are packets, too, and have to be translated on their way to the programs.
      for (let turn = 0; turn < MAX_CLOSING_TURNS && nat.hasOpenFlows(); turn += 1) await nextTurn();
      stop();
      device.close();
      listener.close();
    },
  };
}

/**
 * The device hands over packets where no promise may be resolved and no stream be touched: that waits until the event
 * loop is back in its ordinary course.
 */
function createQueue(): { later: (job: () => void) => void; stop: () => void } {
  let jobs: (() => void)[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  const run = () => {
    const ready = jobs;
    jobs = [];
    scheduled = undefined;
    for (const job of ready) job();
  };
  return {
    later(job) {
      jobs.push(job);
      scheduled ??= setImmediate(run);
    },
    stop() {
      clearImmediate(scheduled);
      jobs = [];
    },
  };
}
