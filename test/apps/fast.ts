// The cheapest HTTP/1.1 application there can be, so that benchmarks measure the way and not its end. Answers every
// request with a few bytes; `GET /<n>` with n bytes; takes bodies with content-length. PORT, HOST by environment.

import { createServer, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const PIECE = Buffer.alloc(64 << 10, 'x');
const SMALL_ANSWER = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-served-by: fast\r\n\r\nhi');

const server = createServer({ noDelay: true }, (socket) => {
  let head = '';
  let bodyLeft = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    if (bodyLeft > 0) {
      bodyLeft -= bytes.length;
      if (bodyLeft <= 0) socket.write(SMALL_ANSWER);
      return;
    }
    head += bytes.toString('latin1');
    for (let end = head.indexOf(HEAD_END); end >= 0; end = head.indexOf(HEAD_END)) {
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? 0);
      const wanted = Number(/^GET \/(\d+)[ ?]/.exec(head)?.[1] ?? 0);
      const rest = head.length - end - HEAD_END.length;
      head = length > 0 ? '' : head.slice(end + HEAD_END.length);
      if (length > rest) bodyLeft = length - rest;
      else if (wanted > 0) void sendMany(socket, wanted);
      else socket.write(SMALL_ANSWER);
    }
  });
});
server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '0.0.0.0', () => {
  const address = server.address();
  process.stdout.write(`fast listens on ${typeof address === 'object' ? address?.port : address}\n`);
});
process.once('SIGTERM', () => process.exit(0));

async function sendMany(socket: Socket, bytes: number): Promise<void> {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`);
  for (let left = bytes; left > 0 && !socket.destroyed; left -= PIECE.length) {
    const hasRoom = socket.write(PIECE.subarray(0, Math.min(left, PIECE.length)));
    if (!hasRoom) await new Promise((resolve) => socket.once('drain', resolve));
  }
}
