// One stream of a laptop's outbound tunnel: reads where it is to go, asks whether the session may go there, dials, joins.
// Each failure is told by its own name, so that the program on the laptop sees what it would see in a pod.

import type { Duplex } from 'node:stream';
import { isExitPort } from '../../api/index.ts';
import {
  type DialRequest,
  type DialResult,
  type ExitName,
  encodeDialResult,
  MAX_DIAL_REQUEST_BYTES,
  parseDialRequest,
  readPrefix,
} from '../../protocol/index.ts';
import type { Exits } from '../exits.ts';
import type { Reach, Verdict } from '../reach.ts';
import { joinConnection, type TellResult } from './join-connection.ts';
import { joinDatagrams } from './join-datagrams.ts';
import { joinExit } from './join-exit.ts';
import { joinResolver } from './join-resolver.ts';

/** A laptop sends it with the opening of the stream. */
const REQUEST_TIMEOUT_MS = 5000;

export type MayDial = Reach['mayDial'];

/** What became of a stream, for metrics. */
export type DialOutcome = DialResult | 'malformed';

export type DialOutOptions = {
  readonly mayDial: MayDial;
  readonly findAgents: Exits['find'];
  /** Addresses of the cluster's resolver, the preferred one first. */
  readonly nameServers: readonly string[];
  readonly onDialed?: (outcome: DialOutcome) => void;
};

/** Takes over a stream. */
export type DialOut = (session: string, stream: Duplex) => Promise<void>;

export function createDialOut({ mayDial, findAgents, nameServers, onDialed }: DialOutOptions): DialOut {
  const limits = { timeoutMs: REQUEST_TIMEOUT_MS, maxBytes: MAX_DIAL_REQUEST_BYTES };

  function answer(stream: Duplex, result: DialResult, reason?: string): void {
    onDialed?.(result);
    if (stream.destroyed) return;
    stream.write(encodeDialResult(result));
    if (result === 'connected') return;
    // Nobody reads what the laptop may have sent already.
    stream.resume();
    stream.end(reason);
  }

  /** Where the request may go is the one form of its address that was judged. */
  async function judge(session: string, { kind, host, port }: DialRequest): Promise<Verdict> {
    // A gate would take bytes of the laptop for this relay's word, and go where nobody has judged.
    if ((kind === 'tcp' || kind === 'udp') && isExitPort(port)) return { allowed: false, reason: GATE };
    const isNowhere = kind === 'dns' || (kind === 'exit' && host === '');
    return isNowhere ? { allowed: true, address: '' } : mayDial(session, host);
  }

  /** From any of the pods: each connection from another, as callers of a Service have it. */
  async function leave(stream: Duplex, { session, exit, to, tell }: Leaving): Promise<void> {
    const found = await findAgents(session, exit);
    if ('reason' in found) return tell('unreachable', found.reason);
    if (!stream.destroyed) joinExit(stream, { agents: shuffle(found.agents), to }, tell);
  }

  return async (session, stream) => {
    stream.on('error', () => stream.destroy());
    const request = await readPrefix(stream, parseDialRequest, limits);
    if (request === undefined) {
      onDialed?.('malformed');
      return void stream.destroy();
    }
    const verdict = await judge(session, request);
    if (!verdict.allowed) return answer(stream, 'denied', verdict.reason);
    if (stream.destroyed) return;
    const to = { host: verdict.address, port: request.port };
    const tell = (result: DialResult, reason?: string) => answer(stream, result, reason);
    if (request.kind === 'dns') joinResolver(stream, nameServers, tell);
    else if (request.kind === 'udp') joinDatagrams(stream, to, tell);
    else if (request.exit !== undefined) {
      await leave(stream, { session, exit: request.exit, to: to.host === '' ? undefined : to, tell });
    } else joinConnection(stream, to, tell);
  };
}

const GATE = 'kubectl tp keeps this port for its agents, in all pods: let the program listen on another';

type Leaving = {
  readonly session: string;
  readonly exit: ExitName;
  readonly to: { host: string; port: number } | undefined;
  readonly tell: TellResult;
};

/** Every order is as likely (Fisher and Yates). */
function shuffle<T>(items: readonly T[]): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(Math.floor(Math.random() * rest.length), 1));
}
