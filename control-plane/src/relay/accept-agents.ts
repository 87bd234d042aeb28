// The port where agents connect. Reads the server name of the ClientHello, opens a stream to the session's laptop and
// joins the two; what runs inside is TLS between agent and laptop. Whatever cannot go on is reset at once, so that the
// agent sends the request elsewhere.

import { createServer, type Server, type Socket } from 'node:net';
import { parseServerName, readClientHello, splice } from '../protocol/index.ts';
import { MAX_UNKNOWN_AGENTS } from './limits.ts';
import type { AgentConnectionResult } from './metrics.ts';
import type { SessionRegistry } from './session-registry.ts';

/** Not listening yet. `onEnd` is called once for each connection. */
export function createAgentServer({
  sessions,
  onOpen,
  onEnd,
  clientHelloTimeoutMs,
}: {
  sessions: SessionRegistry;
  /** A connection has been joined with a stream. */
  onOpen: () => void;
  onEnd: (result: AgentConnectionResult) => void;
  clientHelloTimeoutMs?: number;
}): Server {
  let unknown = 0;

  async function serve(agent: Socket): Promise<void> {
    agent.on('error', () => agent.destroy());
    if (unknown >= MAX_UNKNOWN_AGENTS) return refuse(agent, 'too-many');
    unknown += 1;
    const hello = await readClientHello(agent, clientHelloTimeoutMs);
    unknown -= 1;
    const session = parseServerName(hello?.serverName ?? '')?.session;
    if (hello === undefined) return refuse(agent, 'no-client-hello');
    if (session === undefined || agent.destroyed) return refuse(agent, 'no-session');
    const stream = sessions.open(session);
    if (typeof stream === 'string') return refuse(agent, stream);
    onOpen();
    splice(
      { stream: agent, reset: () => agent.resetAndDestroy() },
      { stream, reset: () => stream.destroy() },
      (isWhole) => onEnd(isWhole ? 'whole' : 'reset'),
    );
  }

  function refuse(agent: Socket, result: AgentConnectionResult): void {
    agent.resetAndDestroy();
    onEnd(result);
  }

  return createServer({ allowHalfOpen: true, noDelay: true }, (agent) => void serve(agent));
}
