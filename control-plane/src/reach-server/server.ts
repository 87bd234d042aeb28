// Answers relays over HTTPS: POST /reach, /exit and /certificate with a question of reach/question.ts and the token of the
// relay's pod. Every pod may be able to connect, so nobody gets more than a few connections, and nobody an answer who is
// not a relay.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ServerIdentity } from '@kubectl-tp/xds';
import { Value } from 'typebox/value';
import { createAddressLimit } from '../address-limit.ts';
import type { Judge } from '../reach/judge.ts';
import {
  CERTIFICATE_PATH,
  type CertificateAnswer,
  CertificateQuestion,
  EXIT_PATH,
  type ExitAnswer,
  ExitQuestion,
  REACH_PATH,
  ReachQuestion,
} from '../reach/question.ts';
import type { AuthenticateRelay } from './authenticate-relay.ts';

/** A question has about 100. */
const MAX_BODY_BYTES = 1024;
/** A service account's token has about 1,200 characters. */
const MAX_HEADER_BYTES = 16 << 10;
/** Relays need a handful each. */
const MAX_CONNECTIONS = 256;
const MAX_CONNECTIONS_PER_ADDRESS = 16;
/** For the handshake, and for a request to arrive whole. */
const ARRIVAL_LIMIT_MS = 5000;
/** Longer than a relay keeps an idle connection, so that it closes first and never writes into a closed one. */
const IDLE_MS = 60_000;

export type ReachServerOptions = {
  readonly identity: ServerIdentity;
  readonly authenticate: AuthenticateRelay;
  readonly judge: Judge;
  readonly findAgents: (question: ExitQuestion) => ExitAnswer;
  /** A certificate for a relay; rejects when the key is none. */
  readonly certify: (relay: string, question: CertificateQuestion) => Promise<CertificateAnswer>;
  /** False until the first view of the cluster is complete: half of it would refuse what is allowed. */
  readonly isReady: () => boolean;
  /** Hears why a question could not be answered. */
  readonly onTrouble: (error: unknown) => void;
};

export type ReachServer = {
  /** Resolves with the port, for port 0. */
  listen(port: number): Promise<number>;
  renewIdentity(identity: ServerIdentity): void;
  close(): void;
};

const PATHS = [REACH_PATH, EXIT_PATH, CERTIFICATE_PATH];

type Answer = { readonly status: number; readonly body: unknown };

export function createReachServer(options: ReachServerOptions): ReachServer {
  const server = createServer({ ...LIMITS, ...toContext(options.identity) }, async (request, response) => {
    send(response, await answer(request, options));
  });
  const places = createAddressLimit(MAX_CONNECTIONS_PER_ADDRESS);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (!places.take(address)) return void socket.destroy();
    socket.on('close', () => places.giveBack(address));
  });
  server.on('clientError', (_error, socket) => socket.destroy());

  return {
    async listen(port) {
      server.listen(port);
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    renewIdentity: (identity) => server.setSecureContext(toContext(identity)),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const LIMITS: ServerOptions = {
  maxHeaderSize: MAX_HEADER_BYTES,
  handshakeTimeout: ARRIVAL_LIMIT_MS,
  headersTimeout: ARRIVAL_LIMIT_MS,
  requestTimeout: ARRIVAL_LIMIT_MS,
  connectionsCheckingInterval: ARRIVAL_LIMIT_MS / 2,
  keepAliveTimeout: IDLE_MS,
};

/** Never throws. Who has no right to ask learns nothing but that. */
async function answer(request: IncomingMessage, options: ReachServerOptions): Promise<Answer> {
  const { authenticate, isReady, onTrouble } = options;
  const resolve = request.method === 'POST' ? findResolver(request.url ?? '', options) : undefined;
  if (resolve === undefined) return problem(404, `only POST ${PATHS.join(', ')} are answered here`);
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) return problem(401, 'a token is missing');
  if (!isReady()) return problem(503, 'the cluster is not known yet');
  try {
    const verdict = await authenticate(token);
    if (!verdict.ok) return problem(403, verdict.reason);
    if (!hasShortBody(request)) return problem(413, `a question has a length, and at most ${MAX_BODY_BYTES} bytes`);
    return await resolve(parseJson(await text(request)), verdict.relay);
  } catch (error) {
    onTrouble(error);
    return problem(503, 'it cannot be found out now');
  }
}

function findResolver(
  path: string,
  { judge, findAgents, certify }: ReachServerOptions,
): ((question: unknown, relay: string) => Promise<Answer> | Answer) | undefined {
  switch (path) {
    case REACH_PATH:
      return async (question) =>
        Value.Check(ReachQuestion, question)
          ? { status: 200, body: await judge(question) }
          : problem(400, 'this is no question: {"session": NAME, "address": IP}');
    case EXIT_PATH:
      return (question) =>
        Value.Check(ExitQuestion, question)
          ? { status: 200, body: findAgents(question) }
          : problem(400, 'this is no question: {"session": NAME, "namespace": NAME, "name": NAME}');
    case CERTIFICATE_PATH:
      return async (question, relay) =>
        Value.Check(CertificateQuestion, question)
          ? { status: 200, body: await certify(relay, question) }
          : problem(400, 'this is no question: {"publicKey": PEM}');
    default:
      return undefined;
  }
}

function hasShortBody({ headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length']);
  return Number.isInteger(length) && length <= MAX_BODY_BYTES;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // no JSON, no question
  }
}

function problem(status: number, message: string): Answer {
  return { status, body: { message } };
}

/** A refused request may have more to say, which nobody will read. */
function send(response: ServerResponse, { status, body }: Answer): void {
  const headers = { 'content-type': 'application/json', ...(status >= 400 && { connection: 'close' }) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

function toContext({ certificateChain, privateKey }: ServerIdentity) {
  return { cert: certificateChain, key: privateKey, minVersion: 'TLSv1.3' as const };
}
