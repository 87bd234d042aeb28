// The port where agents connect. Reads the server name of the ClientHello, opens a stream to the session's laptop and
// joins the two; what runs inside is TLS between agent and laptop. Whatever cannot go on is reset at once, so that the
// agent sends the request elsewhere. Anybody in the cluster may connect: places are counted by source.

import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAddressLimit } from '../address-limit.ts';
import { createWaitingRoom, parseServerName, readClientHello, resetSocket, splice } from '../protocol/index.ts';
import { MAX_CONNECTIONS_PER_ADDRESS, MAX_UNKNOWN_AGENTS, MAX_UNKNOWN_PER_ADDRESS } from './limits.ts';
import type { AgentConnectionResult } from './metrics.ts';
import type { SessionRegistry } from './session-registry.ts';

/** Not listening yet. `onEnd` is called once for each connection. */
export function createAgentServer({
  sessions,
  onOpen,
  onEnd,
  clientHelloTimeoutMs,
  maxUnknownPerAddress = MAX_UNKNOWN_PER_ADDRESS,
}: {
  sessions: SessionRegistry;
  /** A connection has been joined with a stream. */
  onOpen: () => void;
  onEnd: (result: AgentConnectionResult) => void;
  clientHelloTimeoutMs?: number;
  maxUnknownPerAddress?: number;
}): Server {
  const unknown = createWaitingRoom<Socket>(MAX_UNKNOWN_AGENTS, (agent) => agent.resetAndDestroy());
  const unknownOf = createAddressLimit(maxUnknownPerAddress);
  const joinedOf = createAddressLimit(MAX_CONNECTIONS_PER_ADDRESS);

  async function serve(agent: Socket): Promise<void> {
    agent.on('error', () => agent.destroy());
    const address = agent.remoteAddress ?? '';
    if (!unknownOf.take(address)) return refuse(agent, 'too-many');
    unknown.enter(agent);
    const hello = await readClientHello(agent, clientHelloTimeoutMs);
    unknown.leave(agent);
    unknownOf.giveBack(address);
    const session = parseServerName(hello?.serverName ?? '')?.session;
    if (hello === undefined) return refuse(agent, 'no-client-hello');
    if (session === undefined || agent.destroyed) return refuse(agent, 'no-session');
    const source = `${session} ${address}`;
    if (!joinedOf.take(source)) return refuse(agent, 'too-many');
    const stream = sessions.open(session);
    if (typeof stream !== 'string') return join(agent, stream, source);
    joinedOf.giveBack(source);
    refuse(agent, stream);
  }

  function join(agent: Socket, stream: Duplex, source: string): void {
    onOpen();
    splice({ stream: agent, reset: () => resetSocket(agent) }, { stream, reset: () => stream.destroy() }, (isWhole) => {
      joinedOf.giveBack(source);
      onEnd(isWhole ? 'whole' : 'reset');
    });
  }

  function refuse(agent: Socket, result: AgentConnectionResult): void {
    agent.resetAndDestroy();
    onEnd(result);
  }

  return createServer({ allowHalfOpen: true, noDelay: true }, (agent) => void serve(agent));
}
