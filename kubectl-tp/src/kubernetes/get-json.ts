// Paths of the API server that are no objects: its version, which API groups it serves. Everybody with an account may
// read them.

import { once } from 'node:events';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import { unreachable } from './unreachable.ts';
import type { ApiAccess } from './upgrade.ts';

/** `body` is undefined unless the status is 200: what is refused may be told in plain text. */
export type JsonAnswer = { readonly status: number; readonly body: unknown };

/** An API server answers such questions at once, or has other troubles. */
const TIMEOUT_MS = 10_000;

/** `path` starts with a slash. Throws CLUSTER_UNREACHABLE. */
export async function getJson({ server, httpsOptions }: ApiAccess, path: string): Promise<JsonAnswer> {
  const options = await httpsOptions();
  const url = new URL(`${server.pathname.replace(/\/$/, '')}${path}`, server);
  const ask = (server.protocol === 'http:' ? plainRequest : request)(url, {
    ...options,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  ask.end();
  try {
    const [answer] = (await once(ask, 'response')) as [IncomingMessage];
    const status = answer.statusCode ?? 0;
    if (status === 200) return { status, body: await json(answer) };
    answer.resume();
    return { status, body: undefined };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unreachable(`The API server ${server.host} does not answer: ${why}`, cause);
  }
}
