// One agent's stream: has its token checked before a byte of it is read, waits for its first request, then lets the
// state machine (delta-stream.ts) answer requests and snapshots. Whatever goes wrong here ends this stream alone.

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
import { type DiscoveryLimits, MAX_NAMES_PER_STREAM } from './limits.ts';
import type { AgentMessage } from './messages.ts';
import { STREAM_ENDS, type StreamEndReason } from './stream-end.ts';

export type AgentCall = ServerDuplexStream<AgentMessage, StreamResponse>;

/** Whose token is it? A rejected promise means "can't tell": the agent tries again. */
export type Authenticate = (token: string) => Promise<Authentication>;
export type Authentication = ({ readonly ok: true } & ProvenAgent) | { readonly ok: false; readonly reason: string };
/** `instance` tells a pod from an earlier one of the same name. */
export type ProvenAgent = { readonly node: string; readonly instance: string };

export type AgentStreamOptions = {
  readonly cache: SnapshotCache;
  readonly authenticate: Authenticate;
  readonly limits: DiscoveryLimits;
  /** Called once, when the token has proven to be an agent's. */
  readonly onProven: (agent: ProvenAgent) => void;
  /** Called once, with the first request of a proven agent. */
  readonly onConnected: (agent: ProvenAgent) => void;
  readonly onFact: (node: string, fact: StreamFact) => void;
  /** Called once. `node` is empty if the token proved none. */
  readonly onEnd: (end: { node: string; reason: StreamEndReason | 'by_agent'; detail: string }) => void;
};

export type AgentStream = { end(reason: StreamEndReason): void };

/**
 * checking: the token is being checked and nothing is read; waiting: no request yet; serving; ended.
 */
type Phase = 'checking' | 'waiting' | 'serving' | 'ended';

export function serveAgentStream(call: AgentCall, options: AgentStreamOptions): AgentStream {
  const { cache, authenticate, limits } = options;
  let phase: Phase = 'checking';
  let agent: ProvenAgent = { node: '', instance: '' };
  let stream: DeltaStream = NEW_STREAM;
  let unsubscribe: (() => void) | undefined;
  let timer = setTimeout(() => end('first_request_timeout'), limits.firstRequestTimeoutMs);

  call.on('cancelled', () => finish('by_agent'));
  call.on('error', () => finish('by_agent'));
  // Not at once, because whoever made this stream does not hold it yet.
  queueMicrotask(() => guard(authenticateAgent));

  function authenticateAgent(): void {
    const token = bearerToken(call);
    if (token === undefined) end('no_token');
    else void check(token);
  }

  async function check(token: string): Promise<void> {
    const result = await findOwner(authenticate, token);
    if (isEnded()) return;
    if (result.ok) guard(() => read(result));
    else end(result.reason, result.detail);
  }

  function read({ node, instance }: ProvenAgent): void {
    phase = 'waiting';
    agent = { node, instance };
    options.onProven(agent);
    call.on('end', () => finish('by_agent'));
    call.on('data', (message: AgentMessage) => guard(() => receive(message)));
  }

  function receive(message: AgentMessage): void {
    if (phase === 'waiting') begin(message);
    else if (phase === 'serving') answer(message);
  }

  function begin(first: AgentMessage): void {
    if (first.node === '') end('no_node');
    else if (first.node !== agent.node) end('other_node');
    else serve(first);
  }

  function serve(first: AgentMessage): void {
    phase = 'serving';
    clearTimeout(timer);
    timer = setTimeout(() => end('aged'), limits.maxStreamAgeMs * (1 - Math.random() / 10));
    options.onConnected(agent);
    unsubscribe = cache.subscribe(agent.node, (snapshot) => guard(() => step({ kind: 'snapshot', snapshot })));
    const snapshot = cache.getSnapshot(agent.node);
    if (snapshot !== undefined) step({ kind: 'snapshot', snapshot });
    answer(first);
  }

  function answer({ node: named, request }: AgentMessage): void {
    if (named !== '' && named !== agent.node) end('other_node');
    else if (request !== undefined) step({ kind: 'request', request });
  }

  /** What `write` returns needs no heed: the state machine has at most one response per type under way. */
  function step(event: StreamEvent): void {
    const transition = advance(stream, event);
    stream = transition.stream;
    for (const response of transition.responses) call.write(response);
    for (const fact of transition.facts) options.onFact(agent.node, fact);
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
    clearTimeout(timer);
    unsubscribe?.();
    if (reason === 'by_agent') call.end();
    options.onEnd({ node: agent.node, reason, detail });
  }

  /** A function, because the phase changes behind the back of code that awaits. */
  function isEnded(): boolean {
    return phase === 'ended';
  }

  return { end };
}

type Owner =
  | ({ readonly ok: true } & ProvenAgent)
  | { readonly ok: false; readonly reason: StreamEndReason; readonly detail: string };

async function findOwner(authenticate: Authenticate, token: string): Promise<Owner> {
  try {
    const result = await authenticate(token);
    return result.ok ? result : { ok: false, reason: 'not_authenticated', detail: result.reason };
  } catch (cause) {
    return { ok: false, reason: 'authentication_unavailable', detail: String(cause) };
  }
}

function bearerToken(call: AgentCall): string | undefined {
  const [header] = call.metadata.get('authorization');
  const [, token] = /^Bearer ([\w.~+/=-]+)$/i.exec(String(header ?? '')) ?? [];
  return token;
}
