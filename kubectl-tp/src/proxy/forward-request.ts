// Passes one HTTP request on over a connection of its own, and its response back. Everything but what concerns the two
// hops goes through as it came (RFC 9110, 7.6).

import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
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

/** `stream` is used up. */
export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { url, stream }: { url: URL; stream: Duplex },
): void {
  if (response.destroyed) return void stream.destroy();
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  const onward = ask({
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
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, [...passedOn(answer), ...VIA]);
    // A response that breaks off must not look whole.
    pipeline(answer, response, () => undefined);
  });
  onward.on('error', (error) => {
    if (response.headersSent) return void response.destroy();
    response.writeHead(502, { 'content-type': 'text/plain' });
    response.end(`kubectl tp got no answer from ${url.host}: ${error.message}\n`);
  });
  response.once('close', () => onward.destroy());
  request.pipe(onward);
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
