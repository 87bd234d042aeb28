// An application on one port that speaks HTTP/1.1, HTTP/2 without TLS and WebSocket's upgrade, and notes what it got.

import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';

export type Hit = {
  readonly id: string;
  readonly protocol: 'http/1.1' | 'h2' | 'websocket';
  /** The path as it arrived. */
  readonly path: string;
  readonly rawHeaders: readonly string[];
  bytes: number;
  /** The whole request arrived. */
  whole: boolean;
};

export type Application = {
  readonly name: string;
  readonly port: number;
  readonly hits: Hit[];
  hitsOf(id: string): Hit[];
  /** Connections that are open now. */
  readonly connections: ReadonlySet<net.Socket>;
  /** How many there have been. */
  readonly accepted: number;
  close(): Promise<void>;
};

/** Answers every request with its own name, except those whose `x-silent` is that name; `x-id` tells requests apart. */
export async function startApplication(name: string, { port = 0, host = '127.0.0.1' } = {}): Promise<Application> {
  const hits: Hit[] = [];
  const connections = new Set<net.Socket>();
  let accepted = 0;
  const http1 = createHttp1(name, hits);
  const h2c = createHttp2(name, hits);
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    accepted += 1;
    socket.on('close', () => connections.delete(socket)).on('error', () => socket.destroy());
    socket.once('readable', () => {
      const head: Buffer | null = socket.read();
      if (head === null) return void socket.end();
      socket.unshift(head);
      (head.toString('latin1').startsWith('PRI ') ? h2c : http1).emit('connection', socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    name,
    port: (server.address() as net.AddressInfo).port,
    hits,
    hitsOf: (id) => hits.filter((hit) => hit.id === id),
    connections,
    get accepted() {
      return accepted;
    },
    close: () => {
      for (const socket of connections) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function createHttp1(name: string, hits: Hit[]): http.Server {
  const server = http.createServer(
    { keepAliveTimeout: 0, requestTimeout: 0, maxHeaderSize: 1 << 20 },
    (request, response) => {
      const hit = note(hits, 'http/1.1', request.headers['x-id'], String(request.url), request.rawHeaders);
      request.on('data', (chunk: Buffer) => {
        hit.bytes += chunk.length;
      });
      request.on('error', () => response.destroy());
      request.on('end', () => {
        hit.whole = true;
        if (request.headers['x-silent'] !== name) response.writeHead(200, { 'X-Who': name }).end(name);
      });
    },
  );
  return server.on('upgrade', (request, socket) => {
    note(hits, 'websocket', request.headers['x-id'], String(request.url), request.rawHeaders).whole = true;
    socket.on('error', () => socket.destroy());
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Who: ${name}\r\n\r\n`,
    );
    socket.on('data', (data) => socket.write(`${name}:${data}`));
  });
}

function createHttp2(name: string, hits: Hit[]): http2.Http2Server {
  const server = http2.createServer();
  server.on('sessionError', (error) => server.emit('noted', error));
  return server.on('stream', (stream, headers, _flags, rawHeaders) => {
    const hit = note(hits, 'h2', headers['x-id'], String(headers[':path']), rawHeaders);
    stream.on('error', () => stream.destroy());
    // Cancelled before it got here.
    if (stream.destroyed) return;
    stream.respond({ ':status': 200, 'x-who': name, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-who': name }));
    stream.on('data', (chunk: Buffer) => {
      hit.bytes += chunk.length;
    });
    stream.on('end', () => {
      hit.whole = true;
      stream.end(name);
    });
  });
}

function note(hits: Hit[], protocol: Hit['protocol'], id: unknown, path: string, rawHeaders: readonly string[]): Hit {
  const hit: Hit = { id: String(id), protocol, path, rawHeaders, bytes: 0, whole: false };
  hits.push(hit);
  return hit;
}
