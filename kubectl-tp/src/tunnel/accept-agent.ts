// The laptop's end of a connection of an agent: which intercept, is somebody listening, TLS, is it an agent of the right
// namespace, then bytes. Until TLS is done every failure resets the connection: the agent knows then that nothing was
// delivered and asks the pod instead.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import {
  ALPN_HTTP1,
  ALPN_HTTP2,
  ALPN_PROBE,
  type ClientHello,
  parseServerName,
  readClientHello,
  resetSocket,
  splice,
  type TunnelName,
} from '@kubectl-tp/control-plane/protocol';
import { unlessAborted } from '../waiting/unless-aborted.ts';
import { dialLocal, type LocalTarget } from './local-target.ts';
import type { TlsIdentity } from './tls-identity.ts';
import { underTls } from './under-tls.ts';

/** What became of a connection of an agent. */
export type AgentConnection = {
  namespace: string;
  intercept: string;
  /** Known once TLS has shown it. */
  pod: string | undefined;
  outcome:
    | 'joined'
    | 'probe'
    | 'unknown-intercept'
    | 'unknown-protocol'
    | 'local-port-closed'
    | 'tls-failed'
    | 'not-an-agent';
};

/** A promise where it may be known soon; nobody waits for it longer than a second. */
export type LookUpTarget = (
  namespace: string,
  intercept: string,
) => LocalTarget | undefined | Promise<LocalTarget | undefined>;

export type AcceptOptions = {
  session: string;
  identity: () => TlsIdentity;
  lookup: LookUpTarget;
  onConnection: (connection: AgentConnection) => void;
};

/** TLS with an agent takes two round trips; one that stalls only holds a local connection. */
const HANDSHAKE_TIMEOUT_MS = 5000;
/** Agents ask again after this long whether an intercept works; until then the pod answers its requests. */
const LOOKUP_TIMEOUT_MS = 1000;
/** Nobody reads it; without one, each connection would cost an exception with its stack. */
const GONE = 'the agent is gone';
const PROTOCOLS = [ALPN_PROBE, ALPN_HTTP2, ALPN_HTTP1];

/** Takes over `stream`. Rejects only when one of the options' functions throws. */
export async function acceptAgent(stream: Duplex, options: AcceptOptions): Promise<void> {
  const gone = new AbortController();
  stream.on('close', () => gone.abort(GONE));
  const hello = await readClientHello(stream);
  const name = parseServerName(hello?.serverName ?? '');
  if (hello === undefined || name?.session !== options.session) return reset(stream);

  const report = (outcome: AgentConnection['outcome'], pod?: string) =>
    options.onConnection({ namespace: name.namespace, intercept: name.intercept, pod, outcome });
  const found = options.lookup(name.namespace, name.intercept);
  const target = found instanceof Promise ? await unlessLate(found, gone.signal) : found;
  if (target === undefined) {
    report('unknown-intercept');
    return reset(stream);
  }

  const protocol = chooseProtocol(hello);
  if (protocol === undefined && hello.protocols.length > 0) {
    report('unknown-protocol');
    return reset(stream);
  }
  const isProbe = protocol === ALPN_PROBE;
  const local = isProbe ? undefined : await dialLocal(target, gone.signal);
  if (gone.signal.aborted) {
    local?.resetAndDestroy();
    return;
  }
  if (local === undefined && !isProbe) {
    report('local-port-closed');
    return reset(stream);
  }

  const identity = options.identity();
  const tls = startTls(stream, identity, protocol);
  const isSecure = await handshake(tls, gone.signal);
  const pod = isSecure ? podOf(tls, identity, name) : undefined;
  if (pod === undefined) {
    report(isSecure ? 'not-an-agent' : 'tls-failed');
    local?.resetAndDestroy();
    return reset(stream);
  }
  report(isProbe ? 'probe' : 'joined', pod);
  if (local === undefined) tls.end();
  else join(stream, tls, local);
}

async function unlessLate(
  found: Promise<LocalTarget | undefined>,
  gone: AbortSignal,
): Promise<LocalTarget | undefined> {
  const late = AbortSignal.any([gone, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)]);
  return unlessAborted(found, late).catch((error) => {
    if (late.aborted) return undefined;
    throw error;
  });
}

/** The agent offers what the application is to speak; several, when it leaves the choice to us. */
function chooseProtocol({ protocols }: ClientHello): string | undefined {
  return protocols.find((protocol) => PROTOCOLS.includes(protocol));
}

function startTls(stream: Duplex, { context }: TlsIdentity, protocol: string | undefined): TLSSocket {
  const tls = new TLSSocket(underTls(stream), {
    isServer: true,
    secureContext: context,
    requestCert: true,
    rejectUnauthorized: true,
    ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
  });
  tls.on('error', () => tls.destroy());
  return tls;
}

function handshake(tls: TLSSocket, gone: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isSecure: boolean) => {
      clearTimeout(limit);
      tls.off('close', fail);
      gone.removeEventListener('abort', fail);
      resolve(isSecure);
    };
    const fail = () => finish(false);
    const limit = setTimeout(fail, HANDSHAKE_TIMEOUT_MS);
    tls.once('secure', () => finish(true));
    tls.once('close', fail);
    gone.addEventListener('abort', fail);
  });
}

/** The pod at the other end; undefined unless it is an agent in the intercept's namespace. */
function podOf(tls: TLSSocket, { verifyAgent }: TlsIdentity, { namespace }: TunnelName): string | undefined {
  const certificate = tls.getPeerX509Certificate();
  const agent = certificate === undefined ? undefined : verifyAgent(certificate, Date.now());
  return agent?.namespace === namespace ? agent.pod : undefined;
}

function join(stream: Duplex, tls: TLSSocket, local: Socket): void {
  splice(
    // TLS itself cannot say reset: the stream below does.
    { stream: tls, reset: () => reset(stream) },
    { stream: local, reset: () => resetSocket(local) },
  );
}

function reset(stream: Duplex): void {
  stream.destroy();
}
