// One stream of a laptop's outbound tunnel: reads where it is to go, asks whether the session may go there, dials, joins.
// Each failure is told by its own name, so that the program on the laptop sees what it would see in a pod.

import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type DialRequest,
  type DialResult,
  encodeDialResult,
  MAX_DIAL_REQUEST_BYTES,
  parseDialRequest,
  readPrefix,
} from '../../protocol/index.ts';
import { joinConnection } from './join-connection.ts';
import { joinDatagrams } from './join-datagrams.ts';
import { joinResolver } from './join-resolver.ts';

/** A laptop sends it with the opening of the stream. */
const REQUEST_TIMEOUT_MS = 5000;

/** Whether a session may go to an address; `reason` is a sentence for its user. */
export type MayDial = (
  session: string,
  address: string,
) => Promise<{ readonly allowed: true } | { readonly allowed: false; readonly reason: string }>;

/** What became of a stream, for metrics. */
export type DialOutcome = DialResult | 'malformed';

export type DialOutOptions = {
  readonly mayDial: MayDial;
  /** Addresses of the cluster's resolver, the preferred one first. */
  readonly nameServers: readonly string[];
  readonly onDialed?: (outcome: DialOutcome) => void;
};

/** Takes over a stream. Never rejects. */
export type DialOut = (session: string, stream: Duplex) => Promise<void>;

export function createDialOut({ mayDial, nameServers, onDialed }: DialOutOptions): DialOut {
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

  async function refusal(session: string, { kind, host }: DialRequest): Promise<string | undefined> {
    if (kind === 'dns') return undefined;
    if (isIP(host) === 0) return 'The relay dials addresses, not names.';
    const verdict = await mayDial(session, host);
    return verdict.allowed ? undefined : verdict.reason;
  }

  return async (session, stream) => {
    stream.on('error', () => stream.destroy());
    const request = await readPrefix(stream, parseDialRequest, limits);
    if (request === undefined) {
      onDialed?.('malformed');
      return void stream.destroy();
    }
    const refused = await refusal(session, request);
    if (refused !== undefined) return answer(stream, 'denied', refused);
    if (stream.destroyed) return;
    const tell = (result: DialResult, reason?: string) => answer(stream, result, reason);
    if (request.kind === 'dns') joinResolver(stream, nameServers, tell);
    else if (request.kind === 'udp') joinDatagrams(stream, request, tell);
    else joinConnection(stream, request, tell);
  };
}
