// Bounded load for cluster tests and benchmarks, run inside the cluster: node load.ts '<json of LoadPlan>'.
// Prints one line of JSON (`LoadResult`) and ends. An open loop: requests start at their time, whatever is under way.

import { Agent, request as http1Request } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';

export type LoadPlan = {
  url: string;
  headers?: Record<string, string>;
  /** How connections are used: h1 kept alive, h1 with a new one for each request, h2c with one for all. */
  connections: 'keep-alive' | 'fresh' | 'h2c';
  perSecond: number;
  seconds: number;
  /** Keep-alive connections at the most. */
  sockets?: number;
};
export type LoadResult = {
  sent: number;
  failed: number;
  /** Text of each kind of failure with its count and the second (since start) of the first. */
  failures: Record<string, { count: number; firstAtSeconds: number }>;
  servedBy: Record<string, number>;
  p50Ms: number;
  p99Ms: number;
};

const REQUEST_TIMEOUT_MS = 15_000;
const TICK_MS = 5;
const UNPROCESSED_RETRIES = 2;

type Send = (plan: LoadPlan) => Promise<{ status: number; servedBy: string }>;

/** Runs the plan. Never throws for a failed request: failures are counted by their text. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const send = SENDERS[plan.connections](plan);
  const startedAt = performance.now();
  const result: LoadResult = { sent: 0, failed: 0, failures: {}, servedBy: {}, p50Ms: 0, p99Ms: 0 };
  const latencies: number[] = [];
  const pending = new Set<Promise<void>>();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = (performance.now() - startedAt) / 1000;
      const due = Math.min(plan.seconds, elapsed) * plan.perSecond;
      while (result.sent < Math.floor(due)) {
        result.sent++;
        const one = measure(send, plan, result, latencies, startedAt);
        pending.add(one);
        void one.finally(() => pending.delete(one));
      }
      if (elapsed < plan.seconds) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await Promise.all(pending);
  latencies.sort((a, b) => a - b);
  result.p50Ms = latencies[Math.floor(latencies.length * 0.5)] ?? 0;
  result.p99Ms = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
  return result;
}

async function measure(
  send: Send,
  plan: LoadPlan,
  result: LoadResult,
  latencies: number[],
  startedAt: number,
): Promise<void> {
  const from = performance.now();
  try {
    const { status, servedBy } = await send(plan);
    if (status !== 200) throw new Error(`status ${status}`);
    latencies.push(performance.now() - from);
    result.servedBy[servedBy] = (result.servedBy[servedBy] ?? 0) + 1;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    result.failed++;
    const failure = result.failures[text] ?? { count: 0, firstAtSeconds: (from - startedAt) / 1000 };
    result.failures[text] = failure;
    failure.count++;
  }
}

const SENDERS: Record<LoadPlan['connections'], (plan: LoadPlan) => Send> = {
  fresh: () => (plan) => sendHttp1(plan, false),
  'keep-alive': ({ sockets = 16 }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: sockets, scheduling: 'fifo' });
    return (plan) => sendHttp1(plan, agent);
  },
  h2c: createHttp2Sender,
};

function sendHttp1(
  { url, headers = {} }: LoadPlan,
  agent: Agent | false,
): Promise<{ status: number; servedBy: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = http1Request(url, { headers, agent, timeout: REQUEST_TIMEOUT_MS }, (answer) => {
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, servedBy: String(answer.headers['x-served-by']) }),
      );
      answer.resume();
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

type Http2Connection = { readonly session: ClientHttp2Session; lastProcessed: number };

/** One connection, replaced when the far side ends it, as gRPC clients do. */
function createHttp2Sender({ url, headers = {} }: LoadPlan): Send {
  const { origin, pathname, search } = new URL(url);
  let current: Http2Connection | undefined;
  const usable = (): Http2Connection => {
    if (current && !current.session.closed && !current.session.destroyed) return current;
    const made = { session: connect(origin), lastProcessed: Number.POSITIVE_INFINITY };
    made.session.on('error', () => made.session.destroy());
    made.session.on('goaway', (_code, lastStreamId) => {
      made.lastProcessed = lastStreamId;
      made.session.close();
    });
    current = made;
    return made;
  };
  const send = (triesLeft: number): Promise<{ status: number; servedBy: string }> =>
    new Promise((resolve, reject) => {
      const connection = usable();
      const stream = connection.session.request({ ':path': pathname + search, ...headers });
      let status = 0;
      let servedBy = '';
      stream.setTimeout(REQUEST_TIMEOUT_MS, () => stream.destroy(new Error('timeout')));
      stream.on('response', (answer) => {
        status = Number(answer[':status']);
        servedBy = String(answer['x-served-by']);
      });
      let failure: Error | undefined;
      stream.on('error', (error) => {
        failure = error;
      });
      stream.on('close', () => {
        if (status && failure === undefined) resolve({ status, servedBy });
        else if (triesLeft > 0 && isUnprocessed(stream, connection)) resolve(send(triesLeft - 1));
        else reject(failure ?? new Error('closed without an answer'));
      });
      stream.resume();
      stream.end();
    });
  return () => send(UNPROCESSED_RETRIES);
}

/**
 * Refused, or newer than the last one that a leaving server works on: such a request is asked again (RFC 9113, section
 * 8.7). Node's own client gets some when it takes leave in the moment in which it asks.
 */
function isUnprocessed({ id, rstCode }: ClientHttp2Stream, { lastProcessed }: Http2Connection): boolean {
  return rstCode === constants.NGHTTP2_REFUSED_STREAM || id === undefined || id > lastProcessed;
}

if (import.meta.main && process.argv[2]) {
  const result = await runLoad(JSON.parse(process.argv[2]) as LoadPlan);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}
