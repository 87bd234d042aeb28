// What the network of a command is compared with: a process that joins connections with ones to a port of loopback, as
// plainly as can be. Run: node bench/rootless-path/relay.ts PORT, which prints its own port.

import { connect, createServer } from 'node:net';
import { splice } from '../../control-plane/src/protocol/index.ts';
import { portOf } from '../../test/helpers/loopback.ts';

const target = Number(process.argv[2]);
const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
  const far = connect({ host: '127.0.0.1', port: target, noDelay: true, allowHalfOpen: true });
  far.once('connect', () => {
    splice({ stream: near, reset: () => near.destroy() }, { stream: far, reset: () => far.destroy() });
  });
}).listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(portOf(server)));
