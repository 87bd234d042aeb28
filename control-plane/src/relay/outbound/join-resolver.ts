// Joins a laptop's stream with the cluster's own resolver: the stream carries DNS over TCP, so nothing has to be read here.

import type { Duplex } from 'node:stream';
import { joinConnection, type TellResult } from './join-connection.ts';

const DNS_PORT = 53;

/** Tries the servers in their order. */
export function joinResolver(stream: Duplex, [server, ...others]: readonly string[], tell: TellResult): void {
  if (server === undefined) return void tell('unreachable', 'The relay knows no resolver.');
  joinConnection(stream, { host: server, port: DNS_PORT }, (result, reason) => {
    const isLast = others.length === 0 || stream.destroyed;
    if (result === 'connected' || isLast) tell(result, reason);
    else joinResolver(stream, others, tell);
  });
}
