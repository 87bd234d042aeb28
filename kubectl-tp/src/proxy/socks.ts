// One connection of a program that speaks SOCKS 5 (RFC 1928), without authentication: whoever reaches the port may use it.

import type { Socket } from 'node:net';
import { resetSocket, splice } from '@kubectl-tp/control-plane/protocol';
import { DialError } from '../outbound/dialer.ts';
import { type Destination, dialFor, type Way } from './dial-by-name.ts';
import { serveDatagrams } from './socks-datagrams.ts';
import {
  buildReply,
  COMMAND,
  METHOD,
  REPLY,
  REPLY_OF_FAILURE,
  type Reply,
  readGreeting,
  readRequest,
  SOCKS_VERSION,
} from './socks-message.ts';

/** `onRequest` is called when the program has said what it wants. Ends the connection itself. */
export async function serveSocks(program: Socket, way: Way, onRequest: () => void): Promise<void> {
  const methods = await readGreeting(program);
  if (methods === undefined) return void program.destroy();
  const isOpen = methods.includes(METHOD.none);
  const answer = Buffer.from([SOCKS_VERSION, isOpen ? METHOD.none : METHOD.notAcceptable]);
  if (!isOpen) return void program.end(answer);
  program.write(answer);
  const request = await readRequest(program);
  if (request === undefined) return void program.destroy();
  onRequest();
  const { command, to } = request;
  if (to === undefined) return refuse(program, REPLY.addressNotSupported);
  if (command === COMMAND.connect) return connect(program, way, to);
  if (command === COMMAND.associate) return serveDatagrams(program, way, to.port);
  refuse(program, REPLY.commandNotSupported);
}

async function connect(program: Socket, way: Way, to: Destination): Promise<void> {
  try {
    const stream = await dialFor(program, way, to);
    program.write(buildReply(REPLY.succeeded));
    splice({ stream: program, reset: () => resetSocket(program) }, { stream, reset: () => stream.destroy() });
  } catch (error) {
    refuse(program, error instanceof DialError ? REPLY_OF_FAILURE[error.failure] : REPLY.failure);
  }
}

function refuse(program: Socket, reply: Reply): void {
  program.end(buildReply(reply));
  // What it still sends goes nowhere, but its end is to be seen.
  program.resume();
}
