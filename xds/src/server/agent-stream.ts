// One agent's stream: waits for its first request, has its token checked, then lets the state machine (delta-stream.ts)
// answer requests and snapshots. Whatever goes wrong here ends this stream alone.

import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { SnapshotCache } from '../cache/snapshot-cache.ts';
import type { StreamResponse } from './delta-stream.ts';
import {
  advance,
  countNames,
  type DeltaStream,
  NEW_STREAM,
  type StreamEvent,
  type StreamFact,
} from './delta-stream.ts';
import { FIRST_REQUEST_TIMEOUT_MS, MAX_NAMES_PER_STREAM } from './limits.ts';
import type { AgentMessage } from './messages.ts';
import { STREAM_ENDS, type StreamEndReason } from './stream-end.ts';

export type AgentCall = ServerDuplexStream<AgentMessage, StreamResponse>;

/** Does the token belong to the pod that `node` names? A rejected promise means "can't tell": the agent tries again. */
export type Authenticate = (token: string, node: string) => Promise<Authentication>;
export type Authentication = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export type AgentStreamOptions = {
  readonly cache: SnapshotCache;
  readonly authenticate: Authenticate;
  /** Called once, when the node is known for sure. */
  readonly onConnected: (node: string) => void;
  readonly onFact: (node: string, fact: StreamFact) => void;
  /** Called once. `node` is what the agent said, proven only if `onConnected` was called. */
  readonly onEnd: (end: { node: string; reason: StreamEndReason | 'by_agent'; detail: string }) => void;
};

export type AgentStream = { end(reason: StreamEndReason): void };

/**
 * waiting: no request yet; checking: the token is being checked and nothing is read; serving; ended.
 */
type Phase = 'waiting' | 'checking' | 'serving' | 'ended';

export function serveAgentStream(call: AgentCall, options: AgentStreamOptions): AgentStream {
  const { cache, authenticate } = options;
  let phase: Phase = 'waiting';
  let node = '';
  let stream: DeltaStream = NEW_STREAM;
  let unsubscribe: (() => void) | undefined;
  const firstRequestTimer = setTimeout(() => end('first_request_timeout'), FIRST_REQUEST_TIMEOUT_MS);

  call.on('data', (message: AgentMessage) => guard(() => receive(message)));
  call.on('end', () => finish('by_agent'));
  call.on('cancelled', () => finish('by_agent'));
  call.on('error', () => finish('by_agent'));

  function receive(message: AgentMessage): void {
    if (phase === 'waiting') begin(message);
    else if (phase === 'serving') answer(message);
  }

  function begin(message: AgentMessage): void {
    clearTimeout(firstRequestTimer);
    node = message.node;
    const token = bearerToken(call);
    if (node === '') end('no_node');
    else if (token === undefined) end('no_token');
    else check(token, message);
  }

  async function check(token: string, first: AgentMessage): Promise<void> {
    phase = 'checking';
    call.pause();
    const problem = await findProblem(authenticate, { token, node });
    if (isEnded()) return;
    if (problem === undefined) guard(() => serve(first));
    else end(problem.reason, problem.detail);
  }

  function serve(first: AgentMessage): void {
    phase = 'serving';
    options.onConnected(node);
    unsubscribe = cache.subscribe(node, (snapshot) => guard(() => step({ kind: 'snapshot', snapshot })));
    const snapshot = cache.getSnapshot(node);
    if (snapshot !== undefined) step({ kind: 'snapshot', snapshot });
    answer(first);
    call.resume();
  }

  function answer({ node: named, request }: AgentMessage): void {
    if (named !== '' && named !== node) end('other_node');
    else if (request !== undefined) step({ kind: 'request', request });
  }

  /** What `write` returns needs no heed: the state machine has at most one response per type under way. */
  function step(event: StreamEvent): void {
    const transition = advance(stream, event);
    stream = transition.stream;
    for (const response of transition.responses) call.write(response);
    for (const fact of transition.facts) options.onFact(node, fact);
    if (countNames(stream) > MAX_NAMES_PER_STREAM) end('too_many_names');
  }

  function guard(action: () => void): void {
    try {
      action();
    } catch (cause) {
      end('internal', String(cause));
    }
  }

  function end(reason: StreamEndReason, detail = ''): void {
    if (isEnded()) return;
    const [code, details] = STREAM_ENDS[reason];
    finish(reason, detail || details);
    // The way grpc-js has for a server to end a call with a status.
    call.emit('error', { code, details });
  }

  function finish(reason: StreamEndReason | 'by_agent', detail = ''): void {
    if (isEnded()) return;
    phase = 'ended';
    clearTimeout(firstRequestTimer);
    unsubscribe?.();
    if (reason === 'by_agent') call.end();
    options.onEnd({ node, reason, detail });
  }

  /** A function, because the phase changes behind the back of code that awaits. */
  function isEnded(): boolean {
    return phase === 'ended';
  }

  return { end };
}

type Problem = { readonly reason: StreamEndReason; readonly detail: string };

async function findProblem(
  authenticate: Authenticate,
  { token, node }: { token: string; node: string },
): Promise<Problem | undefined> {
  try {
    const result = await authenticate(token, node);
    return result.ok ? undefined : { reason: 'not_authenticated', detail: result.reason };
  } catch (cause) {
    return { reason: 'authentication_unavailable', detail: String(cause) };
  }
}

function bearerToken(call: AgentCall): string | undefined {
  const [header] = call.metadata.get('authorization');
  const [, token] = /^Bearer ([\w.~+/=-]+)$/i.exec(String(header ?? '')) ?? [];
  return token;
}
