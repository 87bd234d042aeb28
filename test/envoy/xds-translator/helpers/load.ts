// Load while something changes: keep-alive, fresh and HTTP/2 callers, and how many of their requests failed.

import http from 'node:http';
import http2 from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { callHttp1, callOnSession } from './callers.ts';

export type LoadResult = {
  readonly answered: number;
  readonly failures: string[];
  readonly by: Record<string, number>;
};
export type Load = { stop(): Promise<LoadResult> };

/** Pause between two requests of one caller: all together some 300 a second, what a test machine can stand. */
const PAUSE_MS = 15;

/** Two callers on fresh connections, two on kept ones, two on one HTTP/2 connection each. Ends with the test. */
export function startLoad(t: ExecutionContext, port: number, headers: http.OutgoingHttpHeaders = {}): Load {
  const failures: string[] = [];
  const by: Record<string, number> = {};
  let [answered, isOver] = [0, false];
  const agents = [undefined, undefined, ...[1, 2].map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }))];
  const callers = [
    ...agents.map((agent) => () => callHttp1({ port, headers, ...(agent && { agent }) })),
    ...[1, 2].map(() => createHttp2Caller(port, headers)),
  ];

  async function run(call: () => Promise<{ status: number; body: string }>): Promise<void> {
    while (!isOver) {
      try {
        const { status, body } = await call();
        if (status === 200) answered++;
        else failures.push(`${status} ${body}`);
        by[body] = (by[body] ?? 0) + 1;
      } catch (error) {
        failures.push(String(error));
      }
      await delay(PAUSE_MS);
    }
  }

  const running = callers.map(run);
  t.teardown(() => {
    isOver = true;
  });
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(running);
      for (const agent of agents) agent?.destroy();
      return { answered, failures, by };
    },
  };
}

/** Keeps one connection until the far side says goodbye, as HTTP/2 clients do. */
function createHttp2Caller(port: number, headers: http.OutgoingHttpHeaders) {
  let session: http2.ClientHttp2Session | undefined;
  return () => {
    if (session === undefined || session.closed || session.destroyed) session = openSession(port);
    return callOnSession(session, { headers });
  };
}

function openSession(port: number): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('goaway', () => session.close());
  session.on('error', () => session.destroy());
  session.unref();
  return session;
}
