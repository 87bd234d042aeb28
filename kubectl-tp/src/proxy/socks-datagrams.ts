// UDP for a program that speaks SOCKS 5 (RFC 1928, 7): a port of its own, alive as long as the TCP connection that asked
// for it. One flow for each address that the program sends to.

import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6, type Socket } from 'node:net';
import type { DatagramFlow } from '../outbound/dialer.ts';
import { type Destination, lookupOrFail, type Way } from './dial-by-name.ts';
import { buildDatagram, buildReply, parseDatagram, REPLY } from './socks-message.ts';

/** Destinations of one program; the one that was first makes room. */
const MAX_FLOWS = 256;

/** `peerPort`: where the program says that it will send from; 0: it does not know. Resolves when datagrams can come. */
export async function serveDatagrams(program: Socket, { dialer, lookup }: Way, peerPort: number): Promise<void> {
  const host = program.localAddress ?? '127.0.0.1';
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const flows = new Map<string, DatagramFlow>();
  /** The program's: what it said, else the first that sends. From then on nobody else's. */
  let port = peerPort;

  function flowTo(to: Destination, from: RemoteInfo): DatagramFlow {
    const key = `${to.host} ${to.port}`;
    const known = flows.get(key);
    if (known !== undefined) return known;
    const [oldest] = flows.size < MAX_FLOWS ? [] : flows;
    if (oldest !== undefined) {
      flows.delete(oldest[0]);
      oldest[1].close();
    }
    const flow = dialer.openDatagrams(to, {
      // With its head it may be longer than a datagram can be: then it is lost, and the flows stay.
      onMessage: (data) => socket.send(buildDatagram(to, data), from.port, from.address, () => undefined),
      onClose: () => flows.delete(key),
    });
    flows.set(key, flow);
    return flow;
  }

  async function forward(message: Buffer, from: RemoteInfo): Promise<void> {
    // Nothing can be sent to port 0, which a forged datagram may name.
    if (from.address !== program.remoteAddress || from.port === 0) return;
    if (port === 0) port = from.port;
    if (from.port !== port) return;
    const datagram = await parseDatagram(message);
    if (datagram === undefined) return;
    const { to, data } = datagram;
    const [address] = await lookupOrFail(lookup, to.host);
    if (address !== undefined && !program.destroyed) flowTo({ host: address, port: to.port }, from).send(data);
  }

  socket.on('error', () => program.destroy());
  // A datagram that can't be sent is lost, as datagrams are.
  socket.on('message', (message, from) => void forward(message, from).catch(() => undefined));
  program.once('close', () => {
    for (const flow of flows.values()) flow.close();
    flows.clear();
    socket.close();
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  program.write(buildReply(REPLY.succeeded, { host, port: socket.address().port }));
  // The connection says nothing more; its end ends the flows.
  program.once('end', () => program.destroy());
  program.resume();
}
