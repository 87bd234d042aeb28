// One exchange of JSON with the API server: refusals become errors with the API's Status.

import type { IncomingMessage } from 'node:http';
import type { ApiRequest, Connection } from './connection.ts';
import { fromAnswer, fromNetworkError, KubernetesError } from './errors.ts';

export async function sendJson<T>(connection: Connection, request: ApiRequest): Promise<T> {
  const response = await connection.send(request);
  const text = await readText(connection, response, request.signal);
  const status = response.statusCode ?? 0;
  if (status >= 400) throw fromAnswer(status, text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${request.method} ${request.path} was answered with ${status} and no JSON.`;
    throw new KubernetesError('KUBERNETES_ANSWER_INVALID', message, { status, cause });
  }
}

/** Reads the whole body; an answer that breaks off counts as no answer. */
export async function readText(
  { server }: Connection,
  response: IncomingMessage,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    return Buffer.concat(await response.toArray()).toString('utf8');
  } catch (error) {
    signal?.throwIfAborted();
    throw fromNetworkError(error, server.host);
  }
}
