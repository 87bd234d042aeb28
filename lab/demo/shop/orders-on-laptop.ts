// The version of `orders` a developer works on: runs on the laptop, on the port given as its argument.

import { createServer } from 'node:http';
import { hostname } from 'node:os';

const port = Number(process.argv[2] ?? 0);

const server = createServer((_request, response) => {
  response.end(
    JSON.stringify({ item: 'teapot', servedBy: `laptop ${hostname()}`, price: { cents: 1, servedBy: 'laptop' } }),
  );
});
server.listen(port, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`orders listens on 127.0.0.1:${typeof address === 'object' ? address?.port : address}\n`);
});
