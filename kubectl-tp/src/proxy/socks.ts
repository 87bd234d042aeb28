// One connection of a program that speaks SOCKS 5 (RFC 1928), with a password (RFC 1929) if the
// proxy has one.

import type { Socket } from 'node:net';
import { resetSocket, splice } from '@kubectl-tp/control-plane/protocol';
import { DialError } from '../outbound/dialer.ts';
import { type Credentials, isLetIn } from './credentials.ts';
import { type Destination, dialFor, type Way } from './dial-by-name.ts';
import { serveDatagrams } from './socks-datagrams.ts';
import {
  buildLoginResult,
  buildReply,
  COMMAND,
  METHOD,
  REPLY,
  REPLY_OF_FAILURE,
  type Reply,
  readGreeting,
  readLogin,
  readRequest,
  SOCKS_VERSION,
} from './socks-message.ts';

export type SocksOptions = {
  readonly way: Way;
  readonly credentials: Credentials | undefined;
  /** Called when the program has said what it wants, and may. */
  readonly onRequest: () => void;
};

/** Ends the connection itself. */
export async function serveSocks(program: Socket, { way, credentials, onRequest }: SocksOptions): Promise<void> {
  if (!(await greet(program, credentials))) return;
  const request = await readRequest(program);
  if (request === undefined) return void program.destroy();
  onRequest();
  const { command, to } = request;
  if (to === undefined) return refuse(program, REPLY.addressNotSupported);
  if (command === COMMAND.connect) return connect(program, way, to);
  if (command === COMMAND.associate) return serveDatagrams(program, way, to.port);
  refuse(program, REPLY.commandNotSupported);
}

/** False: the program may not go on, and has been told. */
async function greet(program: Socket, credentials: Credentials | undefined): Promise<boolean> {
  const methods = await readGreeting(program);
  const wanted = credentials === undefined ? METHOD.none : METHOD.password;
  if (methods === undefined) {
    program.destroy();
    return false;
  }
  if (!methods.includes(wanted)) {
    end(program, Buffer.from([SOCKS_VERSION, METHOD.notAcceptable]));
    return false;
  }
  program.write(Buffer.from([SOCKS_VERSION, wanted]));
  if (credentials === undefined) return true;
  const isIn = isLetIn(credentials, await readLogin(program));
  if (isIn) program.write(buildLoginResult(isIn));
  else end(program, buildLoginResult(isIn));
  return isIn;
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
  end(program, buildReply(reply));
}

function end(program: Socket, answer: Buffer): void {
  program.end(answer);
  // What it still sends goes nowhere, but its end is to be seen.
  program.resume();
}
