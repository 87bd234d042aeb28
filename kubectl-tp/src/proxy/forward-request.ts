// Passes one HTTP request on over a connection of its own, and its response back. Everything but what concerns the two
// hops goes through as it came (RFC 9110, 7.6).

import { request as ask, type ClientRequest, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';

/** RFC 9110, 7.6.1, and what the HTTP library writes anew. */
const OF_ONE_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const VIA = ['Via', '1.1 kubectl-tp'];

/** `stream` is used up. What either side writes that can't be passed on costs this one request. */
export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { url, stream }: { url: URL; stream: Duplex },
): void {
  if (response.destroyed) return void stream.destroy();
  const fail = (error: unknown) => {
    stream.destroy();
    if (response.headersSent) return void response.destroy();
    const reason = error instanceof Error ? error.message : String(error);
    response.writeHead(502, STATUS_CODES[502], { 'content-type': 'text/plain' });
    response.end(`kubectl tp got no answer from ${url.host}: ${reason}\n`);
  };
  try {
    const onward = askOnward(request, { url, stream });
    onward.on('response', (answer) => passBack(answer, response, fail));
    // 101, which the HTTP library would keep to itself: no request for another protocol is passed on.
    onward.on('upgrade', () => fail(new Error('it changed to a protocol that nobody asked for')));
    onward.on('error', fail);
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  } catch (error) {
    fail(error);
  }
}

/** Throws for a header or a path that the HTTP library does not write. */
function askOnward(request: IncomingMessage, { url, stream }: { url: URL; stream: Duplex }): ClientRequest {
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  return ask({
    // No agent, then: nothing is kept for later.
    createConnection: () => stream,
    method: request.method,
    path: pathOf(request.url ?? ''),
    headers: [
      // The address decides, whatever the program wrote (RFC 9112, 3.2.2).
      ...['Host', url.host],
      ...passedOn(request, ['host']),
      ...VIA,
      ...['Connection', 'close'],
      ...(isChunked ? ['Transfer-Encoding', 'chunked'] : []),
    ],
  });
}

function passBack(answer: IncomingMessage, response: ServerResponse, fail: (error: unknown) => void): void {
  try {
    // The usual words for the status: those of the far side mean nothing (RFC 9112, 4), and may hold any character.
    response.writeHead(answer.statusCode ?? 502, [...passedOn(answer), ...VIA]);
  } catch (error) {
    fail(error);
    return;
  }
  // A response that breaks off must not look whole.
  pipeline(answer, response, () => undefined);
}

/** As the program wrote it: a URL would be put in order. */
function pathOf(address: string): string {
  const path = address.replace(/^http:\/\/[^/?#]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}

/** Names and values in turn, as they were written. */
function passedOn({ rawHeaders, headers }: IncomingMessage, except: readonly string[] = []): string[] {
  const named = (headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  const dropped = new Set([...OF_ONE_HOP, ...named, ...except]);
  return rawHeaders.flatMap((text, index) => {
    if (index % 2 === 1 || dropped.has(text.toLowerCase())) return [];
    return [text, rawHeaders[index + 1] ?? ''];
  });
}
