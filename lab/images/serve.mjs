// A small application for tests and demos: answers what it got, as JSON. `/blob?mb=N` sends N MiB, bodies are counted.
// PORT (8080), NAME. On SIGTERM it ends its connections after the request in progress, then itself.

import http from 'node:http';
import os from 'node:os';

const chunk = Buffer.alloc(1 << 16);

function sendBlob(response, bytes) {
  let left = bytes;
  response.writeHead(200, { 'content-length': bytes });
  const more = () => {
    while (left > 0) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      left -= part.length;
      if (!response.write(part)) return response.once('drain', more);
    }
    response.end();
  };
  more();
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://serve');
  if (url.pathname === '/blob') return sendBlob(response, Number(url.searchParams.get('mb') ?? 1) * 1048576);
  let bodyBytes = 0;
  request.on('data', (data) => {
    bodyBytes += data.length;
  });
  request.on('end', () => {
    const { method, headers } = request;
    const answer = { host: os.hostname(), name: process.env.NAME, method, url: request.url, headers, bodyBytes };
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ ...answer, from: request.socket.remoteAddress })}\n`);
  });
});

const port = Number(process.env.PORT ?? 8080);
server.listen(port, () => console.log(`listening on ${port}`));
process.on('SIGINT', () => process.exit(0));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
