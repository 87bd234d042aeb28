// The application that cluster tests intercept: HTTP/1.1 and h2c on one port, and datagrams on that of the same number;
// says who it is and what it got, ends politely. Settings by environment: NAME, PORT, HOST, LINGER_MS (how long it goes
// on accepting after SIGTERM).

import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  constants,
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { hostname } from 'node:os';

const name = process.env.NAME ?? hostname();
const port = Number(process.env.PORT ?? 8080);
const lingerMs = Number(process.env.LINGER_MS ?? 1500);
/** RFC 9113, section 3.4: every HTTP/2 connection begins with these bytes. */
const HTTP2_PREFACE = 'PRI';

/** Between the notice to callers and the end of their connections. */
const GOODBYE_MS = 500;
const LAST_STREAM = 2 ** 31 - 1;
/** After SIGTERM callers are asked to open another connection, somewhere else. */
let isLeaving = false;
/** No connection is accepted any more; those accepted just before are still served. */
let isEnding = false;

const sessions = new Set<ServerHttp2Session>();
const http1 = createHttp1({ keepAliveTimeout: 60_000 }, answer);
const http2 = createHttp2(answer);
http2.on('session', (session) => {
  sessions.add(session);
  if (isEnding) session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM);
  session.on('close', () => sessions.delete(session));
});

const front = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  // `readable` and not `data`: a socket that never flowed gives its bytes back to whichever server takes it.
  socket.once('readable', () => handOver(socket));
  socket.on('error', () => socket.destroy());
});
front.listen(port, process.env.HOST ?? '0.0.0.0', () => {
  const address = front.address();
  process.stdout.write(`echo ${name} listens on ${typeof address === 'object' ? address?.port : address}\n`);
});

const datagrams = createSocket('udp4', (message, { address, port: from }) => {
  datagrams.send(JSON.stringify({ servedBy: name, from: address, bytes: message.length }), from, address);
});
// Of a number that the system chose, the other protocol's may be taken.
datagrams.on('error', () => datagrams.close());
front.once('listening', () => {
  const address = front.address();
  if (typeof address === 'object' && address !== null) datagrams.bind(address.port, process.env.HOST);
});

process.once('SIGTERM', () => {
  isLeaving = true;
  sayGoodbye();
  setTimeout(end, lingerMs);
});

function handOver(socket: Socket): void {
  const first = socket.read() as Buffer | null;
  if (!first) return void socket.destroy();
  socket.unshift(first);
  const server = first.toString('latin1').startsWith(HTTP2_PREFACE) ? http2 : http1;
  server.emit('connection', socket);
}

async function answer(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  const url = new URL(request.url ?? '/', 'http://echo');
  const pauseMs = Number(url.searchParams.get('pause') ?? 0);
  if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  const download = Number(url.searchParams.get('bytes') ?? 0);
  response.setHeader('x-served-by', name);
  if (isLeaving && request.httpVersion === '1.1') response.setHeader('connection', 'close');
  if (download > 0) {
    response.end(Buffer.alloc(download, name));
    return;
  }
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      servedBy: name,
      from: request.socket.remoteAddress,
      method: request.method,
      headers: request.headers,
      bytes,
      sha256: hash.digest('hex'),
    }),
  );
}

/** A notice first (RFC 9113, section 6.8): callers open no new streams here, and none that is under way is lost. */
function sayGoodbye(): void {
  for (const session of sessions) session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM);
}

/** Some callers have come since the first goodbye. */
function end(): void {
  isEnding = true;
  front.close();
  sayGoodbye();
  setTimeout(() => {
    for (const session of sessions) session.close();
    http1.close(() => process.exit(0));
    http1.closeIdleConnections();
  }, GOODBYE_MS);
}
