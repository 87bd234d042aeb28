// What tests let run in a command's own network to be called from outside: `namespace-app.ts HOST` listens on a free port,
// writes it to its standard output, and sends back what it gets, each direction until its end.

import { createServer } from 'node:net';

const [, , host = '127.0.0.1', port = '0'] = process.argv;
const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}).listen({ host, port: Number(port), backlog: 4096 }, () => {
  const address = server.address();
  if (typeof address === 'object') console.log(`listening ${address?.port}`);
});
