// Opens a WebSocket to the API server (RFC 6455 section 4.1) and hands over the raw connection.

import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TpError } from '../errors.ts';
import { unauthorized } from './unauthorized.ts';
import { type ApiAccess, askForUpgrade, statusMessage } from './upgrade.ts';

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The connection after the 101, possibly with bytes of the server already in it. Throws TpError, or the signal's reason. */
export async function openWebSocket(
  access: ApiAccess,
  { path, protocol, signal }: { path: string; protocol: string; signal: AbortSignal },
): Promise<Duplex> {
  const key = randomBytes(16).toString('base64');
  const answer = await askForUpgrade(access, {
    path,
    signal,
    headers: {
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': protocol,
    },
  });
  if ('status' in answer) throw fromRefusal(answer.status, answer.body);
  const { response, socket } = answer;
  const accepted = createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
  const { headers } = response;
  if (headers['sec-websocket-accept'] !== accepted || headers['sec-websocket-protocol'] !== protocol) {
    socket.destroy();
    throw new TpError(
      'PORT_FORWARD_FAILED',
      `${access.server.host} answered with something that is no WebSocket of ours.`,
      {
        hint: 'A proxy between laptop and cluster may not know WebSockets: kubectl port-forward tells.',
      },
    );
  }
  return socket;
}

function fromRefusal(status: number, body: string): TpError {
  const message = statusMessage(body) || `HTTP status ${status}`;
  if (status === 401) return unauthorized(`The API server does not know you: ${message}`);
  if (status !== 403) {
    return new TpError('PORT_FORWARD_FAILED', `The API server refused a port-forward: ${message}`, {
      hint: 'Try it without the plugin: kubectl -n NAMESPACE port-forward POD PORT',
    });
  }
  return new TpError('MISSING_RIGHT', `You may not open a port-forward to the relay: ${message}`, {
    hint: 'Needed are the verbs get and create on pods/portforward; the Role tp-user in the install namespace has them.',
  });
}
