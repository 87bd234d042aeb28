// Asks one DNS server: over UDP, and over TCP when the answer does not fit a datagram. Each question has a number and a
// port of its own, and what does not match is not an answer, so that nobody can answer in the server's place by guessing
// (RFC 5452).

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { frameDatagram } from '@kubectl-tp/control-plane/protocol';
import { readFrames } from './dns-frames.ts';
import { FLAG, flagsOf, isAnswerTo } from './wire.ts';

export type DnsServer = { readonly host: string; readonly port: number };

/** The whole answer, with the question's number. Rejects with the signal's reason, or why the server can't be asked. */
export async function askServer(server: DnsServer, question: Buffer, signal: AbortSignal): Promise<Buffer> {
  const answer = await askByUdp(server, withRandomId(question), signal);
  const isCut = (flagsOf(answer) & FLAG.truncated) !== 0;
  const whole = isCut ? await askByTcp(server, withRandomId(question), signal) : answer;
  question.copy(whole, 0, 0, 2);
  return whole;
}

function withRandomId(question: Buffer): Buffer {
  const message = Buffer.from(question);
  message.writeUInt16BE(randomInt(0x10000));
  return message;
}

async function askByUdp({ host, port }: DnsServer, question: Buffer, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // Bound to a port that the system takes by chance, and connected: only that server's datagrams come in.
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  socket.on('error', reject);
  socket.on('message', (message) => {
    if (isAnswerTo(question, message)) resolve(message);
  });
  socket.on('connect', () => socket.send(question));
  socket.connect(port, host);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.close();
  }
}

async function askByTcp({ host, port }: DnsServer, question: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host, port, signal });
  // The reader gets it, unless it has what it wants.
  socket.on('error', () => undefined);
  socket.write(frameDatagram(question));
  try {
    for await (const message of readFrames(socket)) {
      if (isAnswerTo(question, message)) return Buffer.from(message);
    }
  } finally {
    socket.destroy();
  }
  throw new Error(`the resolver ${host} ended the connection without an answer`);
}
