// Asks an agent to carry datagrams: HTTP/2 with one extended CONNECT (RFC 9298 section 3.4) on a connection of the gate.
// By HTTP/1.1 Envoy 1.40.0 answers with chunks instead of switching protocols.

import { once } from 'node:events';
import { connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import { DialError, type Endpoint } from './dialer.ts';

/** The agent has nobody to wait for. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The stream has capsules; the connection ends with it. Throws DialError, or the signal's reason. */
export async function requestDatagrams(connection: Duplex, to: Endpoint, signal: AbortSignal): Promise<Duplex> {
  const session = connect('https://gate', { createConnection: () => connection });
  session.on('error', () => undefined);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  try {
    await once(session, 'remoteSettings', { signal: limit });
    // Where to is in the path, as it must be; the agent goes where the relay has said.
    const stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'connect-udp',
        ':path': `/.well-known/masque/udp/${encodeURIComponent(to.host)}/${to.port}/`,
        'capsule-protocol': '?1',
      },
      { endStream: false },
    );
    stream.on('error', () => undefined).on('close', () => session.destroy());
    const [headers] = (await once(stream, 'response', { signal: limit })) as [{ ':status'?: number }];
    if (headers[':status'] === 200) return stream;
    throw new DialError('unreachable', `The agent takes no datagrams: status ${headers[':status']}.`);
  } catch (error) {
    session.destroy();
    signal.throwIfAborted();
    throw error instanceof DialError ? error : new DialError('lost', 'The agent does not answer.', { cause: error });
  }
}
